// y[t] = round(sum_j w[t,j] o[positions[t,j]] + shared), in slot order.
#include "common/activation.cuh"
#include "common/format.cuh"
#include "common/reduce.cuh"

KERNEL ts_moe_combine(const void* o, const float* weights, const int* positions, const void* shared, void* y,
                      i64 tokens, i64 hidden, int top_k, i64 rows, i64 step_o, i64 step_weights, i64 step_positions,
                      i64 step_shared, i64 step_y, int type_o, int type_y) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < tokens * hidden; i += (i64)gridDim.x * blockDim.x) {
    i64 token = i / hidden, k = i - token * hidden;
    float sum = 0.0f;
    for (int j = 0; j < top_k; j++) {
      i64 row = positions[token * step_positions + j];
      if (row >= 0 && row < rows)
        sum = fmaf(weights[token * step_weights + j], load(o, row * step_o + k, type_o), sum);
    }
    if (shared != nullptr) sum += load(shared, token * step_shared + k, type_o);
    store(y, token * step_y + k, type_y, sum);
  }
}
