// Conversions between FP32 and every other element type, bit for bit.
// Sources: OCP 8-bit Floating Point (OFP8) and Microscaling Formats (MX) specifications, version 1.0.
#pragma once
#include "types.cuh"

DEVICE float decode_bf16(u16 code) { return __uint_as_float((u32)code << 16); }

DEVICE u16 encode_bf16(float x) {
  u32 bits = __float_as_uint(x);
  // The carry of the rounding would turn a NaN into an infinity or a zero.
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
  return (u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

DEVICE float round_bf16(float x) { return decode_bf16(encode_bf16(x)); }

DEVICE float decode_f16(u16 code) {
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(code));
  return x;
}

DEVICE u16 encode_f16(float x) {
  if (x != x) return 0x7e00;
  u16 code;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(code) : "f"(x));
  return code;
}

// Decodes a code of `mantissa` bits below an exponent field: the field moves into FP32's, and a power of two makes up
// for the difference of the biases, which normalises subnormal codes on the way.
DEVICE float decode_narrow(u32 magnitude, int mantissa, int bias) {
  float raw = __uint_as_float(magnitude << (23 - mantissa));
  return raw * __uint_as_float((u32)(127 + 127 - bias) << 23);
}

DEVICE float with_sign(float x, u32 negative) { return negative ? -x : x; }

DEVICE float decode_e4m3fn(u8 code) {
  u32 magnitude = code & 0x7fu;
  float x = magnitude == 0x7fu ? QUIET_NAN : decode_narrow(magnitude, 3, 7);
  return with_sign(x, code & 0x80u);
}

DEVICE float decode_e5m2(u8 code) {
  u32 magnitude = code & 0x7fu;
  float x = magnitude > 0x7cu    ? QUIET_NAN
            : magnitude == 0x7cu ? POSITIVE_INFINITY
                                 : decode_narrow(magnitude, 2, 15);
  return with_sign(x, code & 0x80u);
}

DEVICE float decode_fnuz(u8 code, int mantissa, int bias) {
  if (code == 0x80u) return QUIET_NAN;
  return with_sign(decode_narrow(code & 0x7fu, mantissa, bias), code & 0x80u);
}

DEVICE float decode_e2m1(u32 code) {
  return with_sign(decode_narrow(code & 7u, 1, 1), code & 8u);
}

DEVICE float decode_e8m0(u8 code) {
  // Code 0 is 2^-127, a subnormal FP32 number.
  return code == 0 ? __uint_as_float(0x00400000u) : code == 255 ? QUIET_NAN : __uint_as_float((u32)code << 23);
}

// Rounds |x| to nearest even; the result may be beyond the largest finite code.
DEVICE int encode_magnitude(u32 magnitude, int mantissa, int bias) {
  u32 smallest_normal = (u32)(128 - bias) << 23;
  if (magnitude < smallest_normal) {
    // A float whose spacing is the smallest subnormal: the adder rounds to a multiple of it.
    u32 unit = (u32)(128 - bias - mantissa + 23) << 23;
    return (int)(__float_as_uint(__uint_as_float(magnitude) + __uint_as_float(unit)) - unit);
  }
  int dropped = 23 - mantissa;
  u32 rounded = magnitude + (1u << (dropped - 1)) - 1u + ((magnitude >> dropped) & 1u);
  return (int)(rounded >> dropped) - ((127 - bias) << mantissa);
}

DEVICE u8 encode_e4m3fn(float x, int saturate) {
  u32 bits = __float_as_uint(x), magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7f;
  int code = encode_magnitude(magnitude, 3, 7);
  u32 sign = (bits >> 24) & 0x80u;
  return (u8)(code > 0x7e ? (saturate ? sign | 0x7eu : 0x7fu) : sign | (u32)code);
}

DEVICE u8 encode_e5m2(float x, int saturate) {
  u32 bits = __float_as_uint(x), magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7e;
  int code = min(encode_magnitude(magnitude, 2, 15), 0x7c);
  return (u8)(((bits >> 24) & 0x80u) | (u32)(saturate ? min(code, 0x7b) : code));
}

DEVICE u8 encode_fnuz(float x, int mantissa, int bias, int saturate) {
  u32 bits = __float_as_uint(x), magnitude = bits & 0x7fffffffu;
  int code = encode_magnitude(magnitude, mantissa, bias);
  if (magnitude > 0x7f800000u || (code > 0x7f && !saturate)) return 0x80;
  return (u8)(code == 0 ? 0u : ((bits >> 24) & 0x80u) | (u32)min(code, 0x7f));
}

DEVICE u32 encode_e2m1(float x) {
  u32 bits = __float_as_uint(x), magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0;
  return ((bits >> 28) & 8u) | (u32)min(encode_magnitude(magnitude, 1, 1), 7);
}

// Rounds up or to nearest; zero, negative numbers and NaN have no code.
DEVICE u8 encode_e8m0(float x, int nearest, int saturate) {
  if (!(x > 0.0f)) return 255;
  u32 bits = __float_as_uint(x);
  u32 overflow = saturate ? 254 : 255;
  if (bits == 0x7f800000u) return (u8)overflow;
  u32 field = bits >> 23, mantissa = bits & 0x7fffffu;
  u32 code = field;
  if (field == 0) {
    // 2^-127 has the mantissa 0x400000; the midpoint of 2^-127 and 2^-126 is 1.5 times it.
    code = nearest ? mantissa > 0x600000u : mantissa > 0x400000u;
  } else {
    code += nearest ? mantissa > 0x400000u || (mantissa == 0x400000u && (field & 1u)) : mantissa != 0;
  }
  return (u8)(code > 254 ? overflow : code);
}

// Reads FP32 or BF16.
DEVICE float load(const void* p, i64 i, int type) {
  return type == F32 ? ((const float*)p)[i] : decode_bf16(((const u16*)p)[i]);
}

// Writes FP32 or BF16.
DEVICE void store(void* p, i64 i, int type, float x) {
  if (type == F32) {
    ((float*)p)[i] = x;
  } else {
    ((u16*)p)[i] = encode_bf16(x);
  }
}

DEVICE float round_to(float x, int type) { return type == F32 ? x : round_bf16(x); }

// Reads any floating-point type; E2M1 elements are numbered as nibbles.
DEVICE float load_any(const void* p, i64 i, int type) {
  switch (type) {
    case F32:
      return ((const float*)p)[i];
    case F16:
      return decode_f16(((const u16*)p)[i]);
    case BF16:
      return decode_bf16(((const u16*)p)[i]);
    case E4M3FN:
      return decode_e4m3fn(((const u8*)p)[i]);
    case E5M2:
      return decode_e5m2(((const u8*)p)[i]);
    case E4M3FNUZ:
      return decode_fnuz(((const u8*)p)[i], 3, 8);
    case E5M2FNUZ:
      return decode_fnuz(((const u8*)p)[i], 2, 16);
    case E2M1:
      return decode_e2m1((u32)((const u8*)p)[i >> 1] >> ((i & 1) * 4));
    default:
      return decode_e8m0(((const u8*)p)[i]);
  }
}
