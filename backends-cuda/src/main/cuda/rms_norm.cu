// A block of threads normalises one row.
#include "common/rms.cuh"

KERNEL ts_rms_norm(const void* x, const void* w, const void* z, void* y, i64 hidden, i64 step_x, i64 step_z,
                   i64 step_y, float eps, int variant, int type_x, int type_w, int type_y) {
  __shared__ float scratch[WARP];
  i64 row = blockIdx.x;
  float sum = 0.0f;
  for (i64 k = threadIdx.x; k < hidden; k += blockDim.x) {
    float v = load(x, row * step_x + k, type_x);
    sum = fmaf(v, v, sum);
  }
  float r = reciprocal_root(block_sum(sum, scratch), hidden, eps);
  for (i64 k = threadIdx.x; k < hidden; k += blockDim.x) {
    float weight = variant == NO_WEIGHT ? 1.0f : load(w, k, type_w);
    float gate = variant >= GATED ? load(z, row * step_z + k, type_x) : 0.0f;
    store(y, row * step_y + k, type_y, normalised(variant, load(x, row * step_x + k, type_x), r, weight, gate, type_y));
  }
}
