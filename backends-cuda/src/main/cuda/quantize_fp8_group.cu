// A warp quantises one group of a row.
#include "common/quantise.cuh"
#include "common/reduce.cuh"

KERNEL ts_quantize_fp8_group(const void* x, u8* q, void* scale, i64 rows, i64 columns, i64 group, i64 step_x,
                             i64 step_q, i64 step_scale, float floor, int type_x, int type_scale, int power_of_two) {
  i64 groups = ceil_div(columns, group);
  i64 warps = (i64)gridDim.x * (blockDim.x / WARP);
  for (i64 task = (i64)blockIdx.x * (blockDim.x / WARP) + warp_of_thread(); task < rows * groups; task += warps) {
    i64 row = task / groups, g = task - row * groups;
    i64 from = g * group, to = min(columns, from + group);
    u32 most = 0;
    for (i64 k = from + lane_of_thread(); k < to; k += WARP)
      most = max(most, __float_as_uint(load(x, row * step_x + k, type_x)) & 0x7fffffffu);
    float s = fp8_scale(raised(warp_max(most), floor), power_of_two, type_scale);
    for (i64 k = from + lane_of_thread(); k < to; k += WARP)
      q[row * step_q + k] = fp8_code(load(x, row * step_x + k, type_x), s, type_scale);
    if (lane_of_thread() == 0) store_scale(scale, row * step_scale + g, type_scale, s);
  }
}
