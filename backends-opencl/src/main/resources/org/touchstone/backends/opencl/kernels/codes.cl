// Codes of element types and FP32. Codes become FP32 exactly.

static inline float bf16_to_f32(uint code) { return as_float(code << 16); }

static inline float f16_to_f32(uint code) {
  uint magnitude = code & 0x7FFF;
  uint sign = (code & 0x8000) << 16;
  if (magnitude >= 0x7C00) {
    return as_float(sign | (magnitude > 0x7C00 ? NAN_BITS : INF_BITS));
  }
  if (magnitude >= 0x0400) {
    return as_float(sign | ((magnitude << 13) + 0x38000000u));
  }
  return as_float(sign | as_uint((float)magnitude * 0x1p-24f));
}

// A sign-magnitude code of M mantissa bits whose special codes the caller has dealt with.
static inline float small_to_f32(uint magnitude, uint negative, int M, int bias) {
  uint sign = negative << 31;
  uint exponent = magnitude >> M;
  if (exponent != 0) {
    return as_float(sign | ((magnitude << (23 - M)) + ((uint)(127 - bias) << 23)));
  }
  // 2^(1 - bias - M) is a normal number of FP32 for every format of 8 bits.
  return as_float(sign | as_uint((float)magnitude * as_float((uint)(128 - bias - M) << 23)));
}

static inline float e4m3fn_to_f32(uint code) {
  uint magnitude = code & 0x7F;
  return magnitude == 0x7F ? quiet_nan() : small_to_f32(magnitude, code >> 7, 3, 7);
}

static inline float e5m2_to_f32(uint code) {
  uint magnitude = code & 0x7F;
  if (magnitude >= 0x7C) {
    return as_float((code >> 7 << 31) | (magnitude > 0x7C ? NAN_BITS : INF_BITS));
  }
  return small_to_f32(magnitude, code >> 7, 2, 15);
}

static inline float e4m3fnuz_to_f32(uint code) {
  return code == 0x80 ? quiet_nan() : small_to_f32(code & 0x7F, code >> 7, 3, 8);
}

static inline float e5m2fnuz_to_f32(uint code) {
  return code == 0x80 ? quiet_nan() : small_to_f32(code & 0x7F, code >> 7, 2, 16);
}

static inline float e2m1_to_f32(uint code) { return small_to_f32(code & 7, code >> 3 & 1, 1, 1); }

static inline float e8m0_to_f32(uint code) {
  return as_float(code == 0 ? 0x00400000u : code == 0xFF ? NAN_BITS : code << 23);
}

// FP32 to codes: to nearest, ties to the even code. NaN becomes the format's one NaN, sign cleared.

static inline uint f32_to_bf16(float x) {
  uint bits = as_uint(x);
  return is_nan(x) ? 0x7FC0u : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

// Rounds the magnitude of a finite number to M mantissa bits with exponents from 1 - bias up; the
// hidden bit adds one to the exponent field and a carry out of the mantissa another.
static inline uint round_magnitude(uint bits, int M, int bias) {
  int field = (int)(bits >> 23);
  uint mantissa = field == 0 ? bits : (bits & 0x7FFFFF) | 0x800000;
  int exponent = max(field, 1) - 127;
  int lowest = 1 - bias;
  int shift = min(23 - M + max(0, lowest - exponent), 25);
  uint quotient = mantissa >> shift;
  uint rest = mantissa - (quotient << shift);
  uint half_unit = 1u << (shift - 1);
  quotient += rest > half_unit || (rest == half_unit && (quotient & 1)) ? 1 : 0;
  return ((uint)max(0, exponent - lowest) << M) + quotient;
}

// saturate: clamp to the largest finite code instead of infinity or NaN.
static inline uint f32_to_f16(float x, int saturate) {
  uint bits = as_uint(x) & 0x7FFFFFFFu;
  uint sign = as_uint(x) >> 16 & 0x8000;
  if (bits > INF_BITS) {
    return 0x7E00;
  }
  uint code = bits == INF_BITS ? 0x7C00 : round_magnitude(bits, 10, 15);
  return sign | (code >= 0x7C00 ? (saturate ? 0x7BFF : 0x7C00) : code);
}

static inline uint f32_to_fp8(int format, float x, int saturate) {
  uint bits = as_uint(x) & 0x7FFFFFFFu;
  uint sign = as_uint(x) >> 24 & 0x80;
  int wide = format == E4M3FN || format == E4M3FNUZ;
  int unsigned_zero = format == E4M3FNUZ || format == E5M2FNUZ;
  uint nan = unsigned_zero ? 0x80 : format == E4M3FN ? 0x7F : 0x7E;
  if (bits > INF_BITS) {
    return nan;
  }
  uint largest = unsigned_zero ? 0x7F : format == E4M3FN ? 0x7E : 0x7B;
  uint code = largest + 1;
  if (bits != INF_BITS) {
    code = round_magnitude(bits, wide ? 3 : 2, (wide ? 7 : 15) + unsigned_zero);
  }
  if (code > largest) {
    return saturate ? sign | largest : format == E5M2 ? sign | 0x7C : nan;
  }
  return code == 0 && unsigned_zero ? 0 : sign | code;
}

// Always saturates; NaN has no code and becomes 0, for the block's scale carries it.
static inline uint f32_to_e2m1(float x) {
  uint bits = as_uint(x) & 0x7FFFFFFFu;
  if (bits > INF_BITS) {
    return 0;
  }
  uint code = bits == INF_BITS ? 7 : min(round_magnitude(bits, 1, 1), 7u);
  return (as_uint(x) >> 28 & 8) | code;
}

// To a power of two, up or to nearest; what is not positive has no code and becomes NaN.
static inline uint f32_to_e8m0(float x, int saturate, int nearest) {
  uint bits = as_uint(x);
  if (bits == 0 || bits > INF_BITS) {
    return 0xFF;
  }
  uint largest = saturate ? 0xFE : 0xFF;
  if (bits == INF_BITS) {
    return largest;
  }
  // Code 0 is 2^-127, a subnormal of FP32: the field is 0 and the mantissa 0x400000.
  uint code = bits >> 23;
  uint mantissa = bits & 0x7FFFFF;
  uint power = code == 0 ? 0x400000 : 0;
  uint middle = code == 0 ? 0x600000 : 0x400000;
  int above = nearest ? mantissa > middle || (mantissa == middle && (code & 1)) : mantissa > power;
  code += above;
  return code > 0xFE ? largest : code;
}
