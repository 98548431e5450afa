// y = round(x) between any two floating-point types. A thread makes an element; rows are as long as if their number of
// elements were even, so that two neighbours, which share a byte in E2M1, are made by two neighbouring lanes.
#include "common/format.cuh"
#include "common/reduce.cuh"

struct Extents {
  i64 n[4];
};

struct Steps {
  i64 n[4];
};

DEVICE float saturated(float x, float largest, int saturate) {
  return saturate && fabsf(x) == POSITIVE_INFINITY ? copysignf(largest, x) : x;
}

DEVICE void store_any(void* y, i64 at, int type, int saturate, int nearest, float x) {
  switch (type) {
    case F32:
      ((float*)y)[at] = x != x ? QUIET_NAN : saturated(x, __uint_as_float(0x7f7fffffu), saturate);
      return;
    case F16: {
      u16 code = encode_f16(x);
      ((u16*)y)[at] = saturate && (code & 0x7fffu) == 0x7c00u ? code - 1 : code;
      return;
    }
    case BF16: {
      u16 code = encode_bf16(x);
      ((u16*)y)[at] = saturate && (code & 0x7fffu) == 0x7f80u ? code - 1 : code;
      return;
    }
    case E4M3FN:
      ((u8*)y)[at] = encode_e4m3fn(x, saturate);
      return;
    case E5M2:
      ((u8*)y)[at] = encode_e5m2(x, saturate);
      return;
    case E4M3FNUZ:
      ((u8*)y)[at] = encode_fnuz(x, 3, 8, saturate);
      return;
    case E5M2FNUZ:
      ((u8*)y)[at] = encode_fnuz(x, 2, 16, saturate);
      return;
    default:
      ((u8*)y)[at] = encode_e8m0(x, nearest, saturate);
  }
}

KERNEL ts_cast(const void* x, void* y, Extents extents, Steps step_x, Steps step_y, i64 elements, int type_x, int type_y,
               int saturate, int nearest) {
  const i64 width = ceil_div(extents.n[3], 2) * 2;
  const int lane = lane_of_thread();
  // Lanes stay together, because those behind the last element take part in the exchange.
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i - lane < elements; i += (i64)gridDim.x * blockDim.x) {
    i64 row = i / width, at = i - row * width;
    i64 outer = row / extents.n[2], i2 = row - outer * extents.n[2];
    i64 i0 = outer / extents.n[1], i1 = outer - i0 * extents.n[1];
    i64 at_x = i0 * step_x.n[0] + i1 * step_x.n[1] + i2 * step_x.n[2] + at * step_x.n[3];
    i64 at_y = i0 * step_y.n[0] + i1 * step_y.n[1] + i2 * step_y.n[2] + at * step_y.n[3];
    bool inside = i < elements && at < extents.n[3];
    float value = inside ? load_any(x, at_x, type_x) : 0.0f;
    if (type_y == E2M1) {
      u32 code = encode_e2m1(value), neighbour = __shfl_down_sync(ALL_LANES, code, 1);
      if (inside && (lane & 1) == 0) ((u8*)y)[at_y >> 1] = (u8)(code | neighbour << 4);
    } else if (inside) {
      store_any(y, at_y, type_y, saturate, nearest, value);
    }
  }
}
