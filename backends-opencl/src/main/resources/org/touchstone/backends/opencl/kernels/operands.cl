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

// Twelve vectors s00 to s23: the products of three rows of a and four of b, `count` terms.
#define THREE_BY_FOUR_ROW(i, rows, rows_step)  \
  a##i = vload8(0, rows + i * rows_step + x);  \
  s##i##0 = fma(a##i, b0, s##i##0);            \
  s##i##1 = fma(a##i, b1, s##i##1);            \
  s##i##2 = fma(a##i, b2, s##i##2);            \
  s##i##3 = fma(a##i, b3, s##i##3);
#define THREE_BY_FOUR(rows, rows_step, columns, columns_step, count) \
  float8 s00 = 0, s01 = 0, s02 = 0, s03 = 0;                         \
  float8 s10 = 0, s11 = 0, s12 = 0, s13 = 0;                         \
  float8 s20 = 0, s21 = 0, s22 = 0, s23 = 0;                         \
  for (int x = 0; x < count; x += 8) {                               \
    float8 a0, a1, a2;                                               \
    float8 b0 = vload8(0, columns + x);                              \
    float8 b1 = vload8(0, columns + columns_step + x);               \
    float8 b2 = vload8(0, columns + 2 * columns_step + x);           \
    float8 b3 = vload8(0, columns + 3 * columns_step + x);           \
    THREE_BY_FOUR_ROW(0, rows, rows_step)                            \
    THREE_BY_FOUR_ROW(1, rows, rows_step)                            \
    THREE_BY_FOUR_ROW(2, rows, rows_step)                            \
  }

// The sums of four vectors.
static inline float4 sums(float8 a, float8 b, float8 c, float8 d) {
  // By components: Oclgrind 21.10 crashes where vectors are joined.
  float8 ab = (float8)(a.s0, a.s2, b.s0, b.s2, a.s4, a.s6, b.s4, b.s6)
      + (float8)(a.s1, a.s3, b.s1, b.s3, a.s5, a.s7, b.s5, b.s7);
  float8 cd = (float8)(c.s0, c.s2, d.s0, d.s2, c.s4, c.s6, d.s4, d.s6)
      + (float8)(c.s1, c.s3, d.s1, d.s3, c.s5, c.s7, d.s5, d.s7);
  float8 all = (float8)(ab.s0, ab.s2, cd.s0, cd.s2, ab.s4, ab.s6, cd.s4, cd.s6)
      + (float8)(ab.s1, ab.s3, cd.s1, cd.s3, ab.s5, ab.s7, cd.s5, cd.s7);
  return all.lo + all.hi;
}
#endif
