// AVX-512 F, BW, DQ and VL: sixteen lanes.
#pragma once
#include <immintrin.h>
#include <stdint.h>
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };
typedef __m512 V;
typedef int32_t I __attribute__((vector_size(64), may_alias));

INLINE V vset(float x) { return _mm512_set1_ps(x); }
INLINE V vload(const float* p) { return _mm512_loadu_ps(p); }
INLINE void vstore(float* p, V x) { _mm512_storeu_ps(p, x); }
INLINE V vfma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
// sum += a b.
INLINE void vadd_product(V& sum, V a, V b) { sum = vfma(a, b, sum); }
INLINE I iload(const void* p) { return (I)_mm512_loadu_si512(p); }

// Whether a mask has all lanes.
INLINE bool vall(I x) { return _mm512_movepi32_mask((__m512i)x) == 0xFFFF; }

// The larger and the smaller; b where one is NaN.
INLINE V vmax(V a, V b) { return _mm512_max_ps(a, b); }
INLINE V vmin(V a, V b) { return _mm512_min_ps(a, b); }

// Keeps a value in a register: what is read twice shall not be loaded twice.
INLINE V held(V x) {
  asm("" : "+v"(x));
  return x;
}

// a0 b0 a1 b1 .. instead of a0 a1 .. and b0 b1 ..
INLINE void vinterleave(V& a, V& b) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  V even = a;
  a = _mm512_permutex2var_ps(even, low, b);
  b = _mm512_permutex2var_ps(even, high, b);
}

// The sums of the lanes of four vectors, each in the same order.
INLINE void vsums4(const V* x, float* to) {
  V a = _mm512_unpacklo_ps(x[0], x[1]) + _mm512_unpackhi_ps(x[0], x[1]);
  V b = _mm512_unpacklo_ps(x[2], x[3]) + _mm512_unpackhi_ps(x[2], x[3]);
  V sums = _mm512_shuffle_ps(a, b, 0x44) + _mm512_shuffle_ps(a, b, 0xEE);
  __m256 halves = _mm512_castps512_ps256(sums) + _mm512_extractf32x8_ps(sums, 1);
  _mm_storeu_ps(to, _mm256_castps256_ps128(halves) + _mm256_extractf128_ps(halves, 1));
}

// The largest doubled codes: a NaN, and nothing else, doubles to 0xFE.
typedef __m512i NanTrace;
INLINE NanTrace trace_start() { return _mm512_setzero_si512(); }
INLINE bool trace_found(NanTrace t) { return _mm512_cmpeq_epi8_mask(t, _mm512_set1_epi8((char)0xFE)) != 0; }

struct E4m3Halves {
  __m512i even, odd;
};
INLINE E4m3Halves e4m3_halves(const uint8_t* p, NanTrace& trace) {
  const __m512i fields = _mm512_set1_epi16((short)0x87F0);
  __m512i x = _mm512_loadu_si512(p);
  trace = _mm512_max_epu8(trace, _mm512_add_epi8(x, x));
  return {_mm512_and_si512(_mm512_srai_epi16(_mm512_slli_epi16(x, 8), 4), fields), _mm512_and_si512(_mm512_srai_epi16(x, 4), fields)};
}
INLINE V e4m3_word(const E4m3Halves& x, int k) {
  const __m512i zero = _mm512_setzero_si512(), half = k % 2 ? x.odd : x.even;
  return _mm512_castsi512_ps(k < 2 ? _mm512_unpacklo_epi16(zero, half) : _mm512_unpackhi_epi16(zero, half));
}

// Writes the elements of the columns, a pitch of floats apart.
INLINE void e4m3_unpack(const uint8_t* p, float* to, int pitch, NanTrace& trace) {
  E4m3Halves x = e4m3_halves(p, trace);
  for (int k = 0; k < 4; k++) vstore(to + k * pitch, e4m3_word(x, k));
}

INLINE V load_e4m3(const uint8_t* p) {
  __m512i x = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p));
  __m512i f = _mm512_and_si512(_mm512_slli_epi32(x, 20), _mm512_set1_epi32((int)0x87F00000));
  __m512i m = _mm512_and_si512(x, _mm512_set1_epi32(0x7F));
  __mmask16 nan = _mm512_cmpeq_epi32_mask(m, _mm512_set1_epi32(0x7F));
  __m512 value = _mm512_mul_ps(_mm512_castsi512_ps(f), _mm512_set1_ps(0x1p120f));
  return _mm512_mask_blend_ps(nan, value, _mm512_set1_ps(__builtin_nanf("")));
}
INLINE V load_bf16(const uint16_t* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p)), 16));
}
INLINE V load_f16(const uint16_t* p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p)); }

// FP32 rounded to nearest even BF16.
INLINE void store_bf16(uint16_t* p, V x) {
  __m512i bits = _mm512_castps_si512(x);
  __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd), 16);
  __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  rounded = _mm512_mask_blend_epi32(nan, rounded, _mm512_set1_epi32(0x7FC0));
  _mm256_storeu_si256((__m256i*)p, _mm512_cvtepi32_epi16(rounded));
}

// Neighbours exchanged.
INLINE V vswap(V x) { return _mm512_permute_ps(x, 0xB1); }
INLINE bool vany(I mask) { return _mm512_movepi32_mask((__m512i)mask) != 0; }

// x[i][j] becomes x[j][i].
INLINE void vtranspose(V* x) {
  __m512 a[16], b[16];
  // 4 x 4 blocks within the 128-bit lanes: b[4 i + c] holds column 4 l + c of rows 4 i .. 4 i + 3 in lane l.
  for (int i = 0; i < 8; i++) {
    a[2 * i] = _mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]);
    a[2 * i + 1] = _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]);
  }
  for (int i = 0; i < 4; i++) {
    __m512* q = a + 4 * i;
    b[4 * i] = _mm512_shuffle_ps(q[0], q[2], 0x44);
    b[4 * i + 1] = _mm512_shuffle_ps(q[0], q[2], 0xEE);
    b[4 * i + 2] = _mm512_shuffle_ps(q[1], q[3], 0x44);
    b[4 * i + 3] = _mm512_shuffle_ps(q[1], q[3], 0xEE);
  }
  // Lanes of the four groups of rows: a 4 x 4 transposition of lanes.
  for (int c = 0; c < 4; c++) {
    __m512 even01 = _mm512_shuffle_f32x4(b[c], b[4 + c], 0x88), odd01 = _mm512_shuffle_f32x4(b[c], b[4 + c], 0xDD);
    __m512 even23 = _mm512_shuffle_f32x4(b[8 + c], b[12 + c], 0x88), odd23 = _mm512_shuffle_f32x4(b[8 + c], b[12 + c], 0xDD);
    x[c] = _mm512_shuffle_f32x4(even01, even23, 0x88);
    x[4 + c] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
    x[8 + c] = _mm512_shuffle_f32x4(even01, even23, 0xDD);
    x[12 + c] = _mm512_shuffle_f32x4(odd01, odd23, 0xDD);
  }
}

// 12 x 2 vectors of 32 registers.
enum { TILE_ROWS = 12, TILE_VECTORS = 2 };
// Tiles do not unpack the next panel of weights between their multiply-adds.
enum { UNPACK_AHEAD = 0 };
// Rows up to which weights are unpacked in registers, and vectors of columns that these take at a time.
enum { FUSED_ROWS = 8 };
constexpr int fused_vectors(int rows) { return rows <= 2 ? 4 : 2; }
constexpr int fused_group(int rows) { return fused_vectors(rows); }
