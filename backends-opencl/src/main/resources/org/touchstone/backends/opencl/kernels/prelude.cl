// What every kernel may use. OpenCL C 1.2 without optional features: no fp64, no fp16 arithmetic.
//
// Options: VARIANT_CPU or VARIANT_GPU, GROUP (work-items of a group), CORRECT_DIVISION when the
// program is built with correctly rounded division and square root.

// A product and a sum become one rounding where a kernel says fma, and nowhere else.
#pragma OPENCL FP_CONTRACT OFF

// For functions that get local memory or meet at a barrier. PoCL 3.1 gives all work-groups one copy of
// local memory that a function which stayed a function uses, and an early return from a kernel with
// barriers confuses it: such kernels have no return.
#define INLINE static inline __attribute__((always_inline))

// Element types, numbered as in the Java class TypeNumbers.
#define F32 0
#define F16 1
#define BF16 2
#define E4M3FN 3
#define E5M2 4
#define E4M3FNUZ 5
#define E5M2FNUZ 6
#define E2M1 7
#define E8M0 8

typedef __global const uchar *in_t;
typedef __global uchar *out_t;

#define NAN_BITS 0x7FC00000u
#define INF_BITS 0x7F800000u

static inline float quiet_nan(void) { return as_float(NAN_BITS); }

// Tests on bits: a driver may assume that there are no special values, whatever its options say.
static inline int is_nan(float x) { return (as_uint(x) & 0x7FFFFFFFu) > INF_BITS; }
static inline int is_inf(float x) { return (as_uint(x) & 0x7FFFFFFFu) == INF_BITS; }

// ---------------------------------------------------------------------------------------------
// Codes to FP32, exactly.

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

// ---------------------------------------------------------------------------------------------
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

// ---------------------------------------------------------------------------------------------
// Elements of any floating-point type, by number. Branches on the type are uniform.

static inline float load_any(in_t p, int type, ulong i) {
  switch (type) {
    case F32:
      return ((__global const float *)p)[i];
    case BF16:
      return bf16_to_f32(((__global const ushort *)p)[i]);
    case F16:
      return f16_to_f32(((__global const ushort *)p)[i]);
    case E4M3FN:
      return e4m3fn_to_f32(p[i]);
    case E5M2:
      return e5m2_to_f32(p[i]);
    case E4M3FNUZ:
      return e4m3fnuz_to_f32(p[i]);
    case E5M2FNUZ:
      return e5m2fnuz_to_f32(p[i]);
    case E2M1:
      return e2m1_to_f32(p[i >> 1] >> ((i & 1) << 2) & 15);
    default:
      return e8m0_to_f32(p[i]);
  }
}

// Every type but E2M1, whose elements share bytes. nearest is about E8M0.
static inline void store_any(out_t p, int type, ulong i, float x, int saturate, int nearest) {
  switch (type) {
    case F32: {
      uint bits = as_uint(x);
      uint magnitude = bits & 0x7FFFFFFFu;
      bits = magnitude > INF_BITS ? NAN_BITS : bits;
      ((__global uint *)p)[i] = saturate && magnitude == INF_BITS ? bits - 1 : bits;
      return;
    }
    case BF16: {
      uint code = f32_to_bf16(x);
      ((__global ushort *)p)[i] =
          (ushort)(saturate && (code & 0x7FFF) == 0x7F80 ? code - 1 : code);
      return;
    }
    case F16:
      ((__global ushort *)p)[i] = (ushort)f32_to_f16(x, saturate);
      return;
    case E8M0:
      p[i] = (uchar)f32_to_e8m0(x, saturate, nearest);
      return;
    default:
      p[i] = (uchar)f32_to_fp8(type, x, saturate);
  }
}

// F32 or BF16, the types of activations.
static inline float load(in_t p, int type, ulong i) {
  return type == F32 ? ((__global const float *)p)[i]
                     : bf16_to_f32(((__global const ushort *)p)[i]);
}

static inline void store(out_t p, int type, ulong i, float x) {
  if (type == F32) {
    ((__global float *)p)[i] = x;
  } else {
    ((__global ushort *)p)[i] = (ushort)f32_to_bf16(x);
  }
}

// Rounds to F32 or BF16 and back.
static inline float rounded(int type, float x) { return type == F32 ? x : bf16_to_f32(f32_to_bf16(x)); }

static inline float16 bf16_to_f32_16(ushort16 code) { return as_float16(convert_uint16(code) << 16); }

static inline ushort16 f32_to_bf16_16(float16 x) {
  uint16 bits = as_uint16(x);
  uint16 code = (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
  code = select(code, (uint16)(0x7FC0u), (bits & 0x7FFFFFFFu) > INF_BITS);
  return convert_ushort16(code);
}

static inline float16 load16(in_t p, int type, ulong i) {
  return type == F32 ? vload16(0, (__global const float *)p + i)
                     : bf16_to_f32_16(vload16(0, (__global const ushort *)p + i));
}

static inline void store16(out_t p, int type, ulong i, float16 x) {
  if (type == F32) {
    vstore16(x, 0, (__global float *)p + i);
  } else {
    vstore16(f32_to_bf16_16(x), 0, (__global ushort *)p + i);
  }
}

static inline float16 rounded16(int type, float16 x) {
  return type == F32 ? x : bf16_to_f32_16(f32_to_bf16_16(x));
}

// E4M3FN to nearest even, saturating, 16 at a time: normal numbers by adding half a unit to the bits,
// subnormal ones by adding a number whose last place is theirs.
static inline uchar16 f32_to_e4m3fn_16(float16 x) {
  uint16 bits = as_uint16(x) & 0x7FFFFFFFu;
  uint16 code = min((bits + 0x7FFFFu + (bits >> 20 & 1u)) >> 20, (uint16)(0x43Eu)) - 0x3C0u;
  uint16 small = as_uint16(as_float16(bits) + 0x1p14f) - as_uint(0x1p14f);
  code = select(code, small, bits < 0x3C800000u);
  code |= as_uint16(x) >> 24 & 0x80u;
  return convert_uchar16(select(code, (uint16)(0x7Fu), bits > INF_BITS));
}

static inline float16 e4m3fn_to_f32_16(uchar16 codes) {
  uint16 code = convert_uint16(codes);
  uint16 magnitude = code & 0x7Fu;
  uint16 normal = (magnitude << 20) + 0x3C000000u;
  float16 small = convert_float16(magnitude) * 0x1p-9f;
  uint16 bits = select(normal, as_uint16(small), magnitude < 8u);
  bits = select(bits, (uint16)(NAN_BITS), magnitude == 0x7Fu);
  return as_float16(bits | (code & 0x80u) << 24);
}

// ---------------------------------------------------------------------------------------------
// Arithmetic that is correctly rounded on every device.

// Rounds m * 2^e to FP32; bit 0 of m may stand for everything below it.
static inline float pack_float(uint sign, ulong m, int e) {
  int top = 63 - (int)clz(m);
  int field = top + e + 127;
  int shift = top - 23 + max(0, 1 - field);
  if (shift > top + 1) {
    return as_float(sign);
  }
  ulong quotient = shift > 0 ? m >> shift : m << -shift;
  if (shift > 0) {
    ulong rest = m - (quotient << shift);
    ulong half_unit = (ulong)1 << (shift - 1);
    quotient += rest > half_unit || (rest == half_unit && (quotient & 1)) ? 1 : 0;
  }
  // The hidden bit adds one to the field.
  ulong bits = ((ulong)(max(field, 1) - 1) << 23) + quotient;
  return as_float(sign | (bits >= INF_BITS ? INF_BITS : (uint)bits));
}

// Division in integers, for devices whose own may err by 2.5 units in the last place.
static float divide_exactly(float a, float b) {
  uint sign = (as_uint(a) ^ as_uint(b)) & 0x80000000u;
  uint ua = as_uint(a) & 0x7FFFFFFFu;
  uint ub = as_uint(b) & 0x7FFFFFFFu;
  if (ua > INF_BITS || ub > INF_BITS || (ua == INF_BITS && ub == INF_BITS) || (ua | ub) == 0) {
    return quiet_nan();
  }
  if (ua == INF_BITS || ub == 0) {
    return as_float(sign | INF_BITS);
  }
  if (ub == INF_BITS || ua == 0) {
    return as_float(sign);
  }
  int sa = ua < 0x800000 ? (int)clz(ua) - 8 : 0;
  int sb = ub < 0x800000 ? (int)clz(ub) - 8 : 0;
  int ea = ua < 0x800000 ? 1 - sa : (int)(ua >> 23);
  int eb = ub < 0x800000 ? 1 - sb : (int)(ub >> 23);
  ulong ma = ua < 0x800000 ? ua << sa : (ua & 0x7FFFFF) | 0x800000;
  ulong mb = ub < 0x800000 ? ub << sb : (ub & 0x7FFFFF) | 0x800000;
  ulong quotient = (ma << 32) / mb;
  quotient |= quotient * mb != ma << 32;
  return pack_float(sign, quotient, ea - eb - 32);
}

#if defined(CORRECT_DIVISION) && !defined(SOFTWARE_DIVISION)
static inline float divide(float a, float b) { return a / b; }
static inline float root(float x) { return sqrt(x); }
#else
static inline float divide(float a, float b) { return divide_exactly(a, b); }

// A Newton step brings a root that errs by a few units to the nearest number or its neighbour.
static inline float root(float x) {
  float s = sqrt(x);
  if (!(x > 0x1p-100f && x < 0x1p100f)) {
    return s;
  }
  return fma(fma(-s, s, x), 0.5f / s, s);
}
#endif

static inline float reciprocal_root(float x) { return divide(1.0f, root(x)); }

// ---------------------------------------------------------------------------------------------
// Lanes: what a work-item handles at once. The cpu variant works on 16 elements, the gpu variant on
// one, and a row is shared by the work-items of a group. `left` is the number of elements from i to
// the end of the row; what lies beyond is neither read nor written.

#ifdef VARIANT_CPU
#define LANES 16
typedef float16 lanes;
typedef int16 ilanes;
typedef uint16 ulanes;
#define as_lanes as_float16
#define as_ulanes as_uint16
#define FIRST 0
#define STEP 16

static inline lanes load_lanes(in_t p, int type, ulong i, int left) {
  if (left >= 16) {
    return load16(p, type, i);
  }
  float part[16];
  for (int j = 0; j < 16; j++) {
    part[j] = j < left ? load(p, type, i + j) : 0;
  }
  return vload16(0, part);
}

static inline void store_lanes(out_t p, int type, ulong i, int left, lanes x) {
  if (left >= 16) {
    store16(p, type, i, x);
    return;
  }
  float part[16];
  vstore16(x, 0, part);
  for (int j = 0; j < left; j++) {
    store(p, type, i + j, part[j]);
  }
}

// Elements i, i + 2, ... into even and i + 1, i + 3, ... into odd; left counts pairs.
static inline void load_pairs(in_t p, int type, ulong i, int left, lanes *even, lanes *odd) {
  lanes a = load_lanes(p, type, i, 2 * left);
  lanes b = load_lanes(p, type, i + 16, 2 * left - 16);
  *even = (float16)(a.even, b.even);
  *odd = (float16)(a.odd, b.odd);
}

static inline void store_pairs(out_t p, int type, ulong i, int left, lanes even, lanes odd) {
  lanes a;
  lanes b;
  a.even = even.lo;
  a.odd = odd.lo;
  b.even = even.hi;
  b.odd = odd.hi;
  store_lanes(p, type, i, 2 * left, a);
  store_lanes(p, type, i + 16, 2 * left - 16, b);
}

#define rounded_lanes rounded16

static inline lanes divide_lanes(lanes a, lanes b) {
#if defined(CORRECT_DIVISION) && !defined(SOFTWARE_DIVISION)
  return a / b;
#else
  float x[16];
  float y[16];
  vstore16(a, 0, x);
  vstore16(b, 0, y);
  for (int j = 0; j < 16; j++) {
    x[j] = divide_exactly(x[j], y[j]);
  }
  return vload16(0, x);
#endif
}

#define REDUCTION_MEMORY
#define REDUCTION 0

INLINE float group_sum(lanes v, __local float *unused) {
  float8 a = v.lo + v.hi;
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.lo + c.hi;
}

INLINE uint group_max_bits(ulanes v, __local float *unused) {
  uint8 a = max(v.lo, v.hi);
  uint4 b = max(a.lo, a.hi);
  uint2 c = max(b.lo, b.hi);
  return max(c.lo, c.hi);
}
#else
#define LANES 1
typedef float lanes;
typedef int ilanes;
typedef uint ulanes;
#define as_lanes as_float
#define as_ulanes as_uint
#define FIRST ((int)get_local_id(0))
#define STEP GROUP

static inline lanes load_lanes(in_t p, int type, ulong i, int left) { return load(p, type, i); }

static inline void store_lanes(out_t p, int type, ulong i, int left, lanes x) {
  store(p, type, i, x);
}

static inline void load_pairs(in_t p, int type, ulong i, int left, lanes *even, lanes *odd) {
  *even = load(p, type, i);
  *odd = load(p, type, i + 1);
}

static inline void store_pairs(out_t p, int type, ulong i, int left, lanes even, lanes odd) {
  store(p, type, i, even);
  store(p, type, i + 1, odd);
}

#define rounded_lanes rounded
#define divide_lanes divide

// A kernel that reduces declares the memory for it.
#define REDUCTION_MEMORY __local float reduction[GROUP]
#define REDUCTION reduction

INLINE float group_sum(lanes v, __local float *memory) {
  int me = get_local_id(0);
  memory[me] = v;
  for (int half_group = GROUP / 2; half_group > 0; half_group >>= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < half_group) {
      memory[me] += memory[me + half_group];
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  float sum = memory[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return sum;
}

INLINE uint group_max_bits(ulanes v, __local float *memory) {
  __local uint *bits = (__local uint *)memory;
  int me = get_local_id(0);
  bits[me] = v;
  for (int half_group = GROUP / 2; half_group > 0; half_group >>= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < half_group) {
      bits[me] = max(bits[me], bits[me + half_group]);
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  uint largest = bits[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return largest;
}
#endif

// silu(x) = x / (1 + e^-x); e^-x is infinite below -88, which gives -0.
static inline lanes silu_lanes(lanes x) {
  lanes y = divide_lanes(x, 1.0f + exp(-x));
  return as_ulanes(x) == (ulanes)(0xFF800000u) ? (lanes)(-0.0f) : y;
}

// ---------------------------------------------------------------------------------------------
// Rows of tensors of any rank.

// Returns where row number `row` begins, in elements; `extents` are those of the outer dimensions,
// innermost first, 1 for absent ones.
static inline ulong row_start(ulong row, long8 extents, long8 steps) {
  ulong at = 0;
  at += row % (ulong)extents.s0 * (ulong)steps.s0, row /= (ulong)extents.s0;
  at += row % (ulong)extents.s1 * (ulong)steps.s1, row /= (ulong)extents.s1;
  at += row % (ulong)extents.s2 * (ulong)steps.s2, row /= (ulong)extents.s2;
  at += row % (ulong)extents.s3 * (ulong)steps.s3, row /= (ulong)extents.s3;
  at += row % (ulong)extents.s4 * (ulong)steps.s4, row /= (ulong)extents.s4;
  at += row % (ulong)extents.s5 * (ulong)steps.s5, row /= (ulong)extents.s5;
  at += row % (ulong)extents.s6 * (ulong)steps.s6, row /= (ulong)extents.s6;
  return at + row * (ulong)steps.s7;
}
