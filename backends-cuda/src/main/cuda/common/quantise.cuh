// Scales and codes of FP8 blocks. Source: DeepSeek-V3, inference/kernel.py; DeepGEMM, deep_gemm/utils/math.py.
#pragma once
#include "format.cuh"

// The largest magnitude as bits, raised to the floor: NaN orders above infinity, infinity above every number.
DEVICE float raised(u32 magnitude, float floor) { return __uint_as_float(max(magnitude, __float_as_uint(floor))); }

// a / 448, for `power_of_two` rounded up to one; what is not finite stays, or is NaN where the scale is E8M0.
DEVICE float fp8_scale(float amax, int power_of_two, int scale_type) {
  float scale = amax / 448.0f;
  u32 bits = __float_as_uint(scale);
  if ((bits & 0x7fffffffu) >= 0x7f800000u) return scale_type == E8M0 ? QUIET_NAN : scale;
  if (!power_of_two) return scale;
  u32 field = (bits + 0x7fffffu) >> 23;
  return __uint_as_float(min(max(field, 1u), 254u) << 23);
}

DEVICE u8 fp8_code(float x, float scale, int scale_type) {
  // An E8M0 scale carries the NaN for the whole block.
  if (scale_type == E8M0 && scale != scale) return 0;
  return encode_e4m3fn(x / scale, 1);
}

DEVICE void store_scale(void* p, i64 i, int type, float scale) {
  if (type == F32) {
    ((float*)p)[i] = scale;
  } else {
    ((u8*)p)[i] = scale != scale ? 255 : (u8)(__float_as_uint(scale) >> 23);
  }
}
