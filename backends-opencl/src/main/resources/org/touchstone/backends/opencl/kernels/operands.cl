// Operands of matrix products.

// One element of an operand.
static inline float operand(in_t p, int type, ulong i) {
  return type == E4M3FN ? e4m3fn_to_f32(p[i]) : load(p, type, i);
}

static inline int bytes_of(int type) { return type == F32 ? 4 : type == BF16 ? 2 : 1; }

#ifdef VARIANT_CPU
static inline float16 operands16(in_t p, int type, ulong i) {
  if (type != E4M3FN) {
    return load16(p, type, i);
  }
#ifdef SUBNORMALS_KEPT
  int16 x = convert_int16(as_char16(vload16(0, p + i)));
  float16 v = as_float16((x << 20) & (int16)(0x87F00000)) * (float16)(0x1p120f);
  return select(v, (float16)(quiet_nan()), (x & 0x7F) == 0x7F);
#else
  return e4m3fn_to_f32_16(vload16(0, p + i));
#endif
}

// Decodes `count` elements and adds zeros up to element `end`.
static inline void decode_to(
    __local float *to, in_t p, int type, ulong i, int count, int end) {
  int x = 0;
  for (; x + 16 <= count; x += 16) {
    vstore16(operands16(p, type, i + x), 0, to + x);
  }
  for (; x < end; x++) {
    to[x] = x < count ? operand(p, type, i + x) : 0;
  }
}

// Decodes `count` elements and adds zeros up to a multiple of 16.
static inline void decode(__local float *to, in_t p, int type, ulong i, int count) {
  decode_to(to, p, type, i, count, (count + 15) & ~15);
}

static inline void zeros(__local float *to, int count) {
  for (int x = 0; x < count; x += 16) {
    vstore16((float16)(0), 0, to + x);
  }
}

// The sums of four vectors.
static inline float4 sums(float8 a, float8 b, float8 c, float8 d) {
  float8 ab = (float8)(a.s02, b.s02, a.s46, b.s46) + (float8)(a.s13, b.s13, a.s57, b.s57);
  float8 cd = (float8)(c.s02, d.s02, c.s46, d.s46) + (float8)(c.s13, d.s13, c.s57, d.s57);
  float8 all = (float8)(ab.s02, cd.s02, ab.s46, cd.s46) + (float8)(ab.s13, cd.s13, ab.s57, cd.s57);
  return all.lo + all.hi;
}
#endif
