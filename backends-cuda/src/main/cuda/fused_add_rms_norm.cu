// A block of threads adds the residual to one row and normalises the rounded sum.
#include "common/rms.cuh"

// `y` may be x and `residual_out` may be the residual: each element is read by the thread that writes it, before it
// does. The sum is kept where it is written.
KERNEL ts_fused_add_rms_norm(const void* x, const void* residual, const void* w, void* residual_out, void* y,
                             i64 hidden, i64 step_x, i64 step_residual, i64 step_out, i64 step_y, float eps,
                             int variant, int type_x, int type_w, int type_y) {
  __shared__ float scratch[WARP];
  i64 row = blockIdx.x;
  float sum = 0.0f;
  for (i64 k = threadIdx.x; k < hidden; k += blockDim.x) {
    float v = round_to(load(residual, row * step_residual + k, type_x) + load(x, row * step_x + k, type_x), type_x);
    store(residual_out, row * step_out + k, type_x, v);
    sum = fmaf(v, v, sum);
  }
  float r = reciprocal_root(block_sum(sum, scratch), hidden, eps);
  for (i64 k = threadIdx.x; k < hidden; k += blockDim.x) {
    float weight = variant == NO_WEIGHT ? 1.0f : load(w, k, type_w);
    float v = load(residual_out, row * step_out + k, type_x);
    store(y, row * step_y + k, type_y, normalised(variant, v, r, weight, 0.0f, type_y));
  }
}
