// a = round(act(g, u)).
#include "common/activation.cuh"
#include "common/format.cuh"

KERNEL ts_gated_act(const void* h, void* a, i64 rows, i64 intermediate, i64 step_h, i64 step_a, float limit, int kind,
                    int interleaved, int type_h, int type_a) {
  i64 elements = rows * intermediate;
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < elements; i += (i64)gridDim.x * blockDim.x) {
    i64 row = i / intermediate, k = i - row * intermediate;
    float g = load(h, row * step_h + (interleaved ? 2 * k : k), type_h);
    float u = load(h, row * step_h + (interleaved ? 2 * k + 1 : intermediate + k), type_h);
    store(a, row * step_a + k, type_a, gated_activation(kind, limit, g, u));
  }
}
