// What lies between and after the grouped products of a mixture of experts. Sources: DeepSeek-V3 inference/model.py,
// TileKernels.
#include "common/activation.cuh"
#include "common/quantise.cuh"
#include "common/reduce.cuh"

#define GROUP 128

// A warp activates 128 elements of one slot, rounds them, and quantises them when there are codes to write. Rows of h,
// hidden, codes and scales are numbered as the sorted slots; `positions` null means that slot and row are the same.
// Values are rounded to `type_hidden` and kept as `type_store`, which the product that follows reads.
KERNEL ts_moe_activate(const void* h, const int* positions, const float* weights, void* hidden, u8* codes,
                       float* scales, void* tap, float* scale_tap, i64 slots, i64 top_k, i64 intermediate,
                       i64 step_positions, i64 step_weights, i64 tap_token, i64 tap_slot, i64 scale_tap_token,
                       i64 scale_tap_slot, float limit, int kind, int interleaved, int type_h, int type_hidden, int type_store) {
  i64 groups = ceil_div(intermediate, GROUP);
  i64 warps = (i64)gridDim.x * (blockDim.x / WARP);
  int lane = lane_of_thread();
  for (i64 task = (i64)blockIdx.x * (blockDim.x / WARP) + warp_of_thread(); task < slots * groups; task += warps) {
    i64 slot = task / groups, group = task - slot * groups;
    i64 token = slot / top_k, j = slot - token * top_k;
    i64 row = positions == nullptr ? slot : positions[token * step_positions + j];
    float weight = weights == nullptr || row < 0 ? 1.0f : weights[token * step_weights + j];
    i64 tap_at = token * tap_token + j * tap_slot;
    float value[GROUP / WARP];
    u32 most = 0;
#pragma unroll
    for (int n = 0; n < GROUP / WARP; n++) {
      i64 i = group * GROUP + n * WARP + lane;
      value[n] = 0.0f;
      if (row >= 0 && i < intermediate) {
        i64 from = row * 2 * intermediate;
        float g = load(h, from + (interleaved ? 2 * i : i), type_h);
        float u = load(h, from + (interleaved ? 2 * i + 1 : intermediate + i), type_h);
        float a = gated_activation(kind, limit, g, u);
        value[n] = round_to(weights == nullptr ? a : a * weight, type_hidden);
      }
      most = max(most, __float_as_uint(value[n]) & 0x7fffffffu);
    }
    float scale = codes == nullptr ? 0.0f : fp8_scale(raised(warp_max(most), 1e-4f), 0, F32);
    if (lane == 0 && codes != nullptr && row >= 0) scales[row * groups + group] = scale;
    if (lane == 0 && scale_tap != nullptr)
      scale_tap[token * scale_tap_token + j * scale_tap_slot + group] = row < 0 ? 0.0f : scale;
#pragma unroll
    for (int n = 0; n < GROUP / WARP; n++) {
      i64 i = group * GROUP + n * WARP + lane;
      if (i >= intermediate) continue;
      if (codes == nullptr) {
        if (row >= 0) store(hidden, row * intermediate + i, type_store, value[n]);
        if (tap != nullptr) store(tap, tap_at + i, type_hidden, value[n]);
        continue;
      }
      u8 code = row < 0 ? 0 : fp8_code(value[n], scale, F32);
      if (row >= 0) codes[row * intermediate + i] = code;
      if (tap != nullptr) ((u8*)tap)[tap_at + i] = code;
    }
  }
}

// gate[t] = sigma(x_t . w).
KERNEL ts_moe_shared_gate(const void* x, const float* w, float* gate, i64 hidden, i64 step_x, int type_x) {
  __shared__ float scratch[WARP];
  float sum = 0.0f;
  for (i64 k = threadIdx.x; k < hidden; k += blockDim.x)
    sum = fmaf(load(x, blockIdx.x * step_x + k, type_x), w[k], sum);
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) gate[blockIdx.x] = sigmoid(sum);
}

// y[t] = round(sum_j w[t,j] o[row(t,j)] + gate[t] shared[t]), in slot order.
KERNEL ts_moe_gather(const float* o, const float* weights, const int* positions, const float* shared,
                     const float* gate, void* y, i64 tokens, i64 hidden, int top_k, i64 step_weights,
                     i64 step_positions, i64 step_y, int type_y) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < tokens * hidden; i += (i64)gridDim.x * blockDim.x) {
    i64 token = i / hidden, k = i - token * hidden;
    float sum = 0.0f;
    for (int j = 0; j < top_k; j++) {
      i64 row = positions[token * step_positions + j];
      if (row < 0) continue;
      float weight = weights == nullptr ? 1.0f : weights[token * step_weights + j];
      sum = fmaf(weight, o[row * hidden + k], sum);
    }
    if (shared != nullptr) sum = fmaf(gate == nullptr ? 1.0f : gate[token], shared[token * hidden + k], sum);
    store(y, token * step_y + k, type_y, sum);
  }
}
