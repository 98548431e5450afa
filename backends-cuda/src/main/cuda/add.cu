// y = round(a + b) over tensors of any shape: up to four extents remain when neighbours are merged.
#include "common/format.cuh"

struct Extents {
  i64 n[4];
};

struct Steps {
  i64 n[4];
};

DEVICE i64 place(const Steps& steps, i64 i0, i64 i1, i64 i2, i64 i3) {
  return i0 * steps.n[0] + i1 * steps.n[1] + i2 * steps.n[2] + i3 * steps.n[3];
}

KERNEL ts_add(const void* a, const void* b, void* y, Extents extents, Steps step_a, Steps step_b, Steps step_y,
              i64 elements, int type_a, int type_b, int type_y) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < elements; i += (i64)gridDim.x * blockDim.x) {
    i64 i0 = 0, i1 = 0, i2 = 0, i3 = i;
    if (extents.n[3] != elements) {
      i64 rest = i / extents.n[3];
      i3 = i - rest * extents.n[3];
      i64 outer = rest / extents.n[2];
      i2 = rest - outer * extents.n[2];
      i0 = outer / extents.n[1];
      i1 = outer - i0 * extents.n[1];
    }
    float sum = load(a, place(step_a, i0, i1, i2, i3), type_a) + load(b, place(step_b, i0, i1, i2, i3), type_b);
    store(y, place(step_y, i0, i1, i2, i3), type_y, sum);
  }
}
