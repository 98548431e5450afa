// A block of threads quantises one tile of a weight.
#include "common/quantise.cuh"
#include "common/reduce.cuh"

KERNEL ts_quantize_fp8_block(const void* w, u8* q, void* scale, i64 rows, i64 columns, i64 block_rows,
                             i64 block_columns, i64 step_w, i64 step_q, i64 step_scale, float floor, int type_w,
                             int type_scale, int power_of_two) {
  __shared__ u32 scratch[WARP];
  i64 tiles_across = ceil_div(columns, block_columns);
  i64 tile_row = blockIdx.x / tiles_across, tile_column = blockIdx.x - tile_row * tiles_across;
  i64 row0 = tile_row * block_rows, column0 = tile_column * block_columns;
  i64 height = min(block_rows, rows - row0), width = min(block_columns, columns - column0);
  u32 most = 0;
  for (i64 i = threadIdx.x; i < height * width; i += blockDim.x) {
    i64 r = i / width, c = i - r * width;
    most = max(most, __float_as_uint(load(w, (row0 + r) * step_w + column0 + c, type_w)) & 0x7fffffffu);
  }
  float s = fp8_scale(raised(block_max(most, scratch), floor), power_of_two, type_scale);
  for (i64 i = threadIdx.x; i < height * width; i += blockDim.x) {
    i64 r = i / width, c = i - r * width;
    q[(row0 + r) * step_q + column0 + c] = fp8_code(load(w, (row0 + r) * step_w + column0 + c, type_w), s, type_scale);
  }
  if (threadIdx.x == 0) store_scale(scale, tile_row * step_scale + tile_column, type_scale, s);
}
