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
