// No intrinsics: four lanes of GCC's and Clang's vector extension, which every processor has or imitates. A product and its sum
// are rounded separately, because a fused operation in software is a hundred times slower.
#pragma once
#include <stdint.h>
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 4 };
typedef float V __attribute__((vector_size(16), may_alias));
typedef int32_t I __attribute__((vector_size(16), may_alias));

INLINE V vset(float x) { return V{x, x, x, x}; }
INLINE V vload(const float* p) {
  V x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
INLINE void vstore(float* p, V x) { __builtin_memcpy(p, &x, sizeof x); }
INLINE V vfma(V a, V b, V c) { return a * b + c; }
// sum += a b.
INLINE void vadd_product(V& sum, V a, V b) { sum = vfma(a, b, sum); }
INLINE I iload(const void* p) {
  I x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}

// Whether a mask has all lanes.
INLINE bool vall(I x) { return (x[0] & x[1] & x[2] & x[3]) != 0; }

// The larger and the smaller; b where one is NaN.
INLINE V vmax(V a, V b) {
  I first = a > b;
  return (V)((first & (I)a) | (~first & (I)b));
}
INLINE V vmin(V a, V b) {
  I first = a < b;
  return (V)((first & (I)a) | (~first & (I)b));
}

// Where there are no intrinsics the compiler keeps what it likes in registers.
INLINE V held(V x) { return x; }

// a0 b0 a1 b1 .. instead of a0 a1 .. and b0 b1 ..
INLINE void vinterleave(V& a, V& b) {
  V low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  b = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  a = low;
}

// The sums of the lanes of four vectors, each in the same order.
INLINE void vsums4(const V* x, float* to) {
  for (int i = 0; i < 4; i++) to[i] = (x[i][0] + x[i][2]) + (x[i][1] + x[i][3]);
}

typedef int16_t Halves __attribute__((vector_size(16), may_alias));
typedef uint8_t Codes __attribute__((vector_size(16), may_alias));
typedef int8_t NanTrace __attribute__((vector_size(16)));
INLINE NanTrace trace_start() { return NanTrace{}; }
INLINE bool trace_found(NanTrace t) {
  int64_t halves[2];
  __builtin_memcpy(halves, &t, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

struct E4m3Halves {
  Halves even, odd;
};
INLINE E4m3Halves e4m3_halves(const uint8_t* p, NanTrace& trace) {
  Halves x;
  __builtin_memcpy(&x, p, sizeof x);
  trace |= (NanTrace)(((Codes)x & 0x7F) == 0x7F);
  return {((x << 8) >> 4) & (int16_t)0x87F0, (x >> 4) & (int16_t)0x87F0};
}
INLINE V e4m3_word(const E4m3Halves& x, int k) {
  const Halves zero = {}, half = k % 2 ? x.odd : x.even;
  return k < 2 ? (V)__builtin_shufflevector(zero, half, 0, 8, 1, 9, 2, 10, 3, 11)
               : (V)__builtin_shufflevector(zero, half, 4, 12, 5, 13, 6, 14, 7, 15);
}

// Writes the elements of the columns, a pitch of floats apart.
INLINE void e4m3_unpack(const uint8_t* p, float* to, int pitch, NanTrace& trace) {
  E4m3Halves x = e4m3_halves(p, trace);
  for (int k = 0; k < 4; k++) vstore(to + k * pitch, e4m3_word(x, k));
}

INLINE V load_e4m3(const uint8_t* p) {
  V x;
  for (int j = 0; j < 4; j++) {
    uint32_t bits = (uint32_t)(p[j] & 0x80) << 24 | (uint32_t)(p[j] & 0x7F) << 20;
    float f;
    __builtin_memcpy(&f, &bits, sizeof f);
    x[j] = (p[j] & 0x7F) == 0x7F ? __builtin_nanf("") : f * 0x1p120f;
  }
  return x;
}
INLINE V load_bf16(const uint16_t* p) {
  I x = {p[0], p[1], p[2], p[3]};
  return (V)(x << 16);
}
INLINE V load_f16(const uint16_t* p) {
  V x;
  for (int j = 0; j < 4; j++) {
    uint32_t sign = (uint32_t)(p[j] & 0x8000) << 16, rest = (uint32_t)(p[j] & 0x7FFF) << 13;
    uint32_t bits = rest >= 0x7C00u << 13 ? sign | 0x7F800000 | (rest & 0x7FFFFF) : rest;
    float f;
    __builtin_memcpy(&f, &bits, sizeof f);
    if (rest < 0x7C00u << 13) {
      f *= 0x1p112f;
      __builtin_memcpy(&bits, &f, sizeof f);
      bits |= sign;
      __builtin_memcpy(&f, &bits, sizeof f);
    }
    x[j] = f;
  }
  return x;
}

INLINE void store_bf16(uint16_t* p, V x) {
  I bits = (I)x;
  I rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  for (int i = 0; i < LANES; i++) p[i] = x[i] != x[i] ? 0x7FC0 : (uint16_t)((uint32_t)rounded[i] >> 16);
}

// Neighbours exchanged.
INLINE V vswap(V x) { return __builtin_shufflevector(x, x, 1, 0, 3, 2); }
INLINE bool vany(I mask) { return (mask[0] | mask[1] | mask[2] | mask[3]) != 0; }

// x[i][j] becomes x[j][i].
INLINE void vtranspose(V* x) {
  V a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5), b = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
  V c = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5), d = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
  x[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  x[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  x[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  x[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

template <bool PAIRS>
static void transpose_words(const uint8_t* src, int64_t pitch, int words, uint8_t* dst) {
  static const uint8_t order[16] = {0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15};
  for (int w = 0; w < words; w++)
    for (int n = 0; n < 64; n += 4) {
      uint8_t lane[16];
      for (int i = 0; i < 4; i++) __builtin_memcpy(lane + 4 * i, src + (n + i) * pitch + 4 * w, 4);
      for (int i = 0; i < 16; i++) dst[256 * w + 4 * n + i] = lane[PAIRS ? order[i] : i];
    }
}

enum { TILE_ROWS = 2, TILE_VECTORS = 4 };
// Tiles do not unpack the next panel of weights between their multiply-adds.
enum { UNPACK_AHEAD = 0 };
// Rows up to which weights are unpacked in registers, and vectors of columns that these take at a time.
enum { FUSED_ROWS = 4 };
constexpr int fused_vectors(int) { return 4; }
constexpr int fused_group(int) { return 4; }
