// AVX2 and FMA: eight lanes. GCC's vector operators do the rest.
#pragma once
#include <immintrin.h>
#include <stdint.h>
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8 };
typedef __m256 V;
typedef int32_t I __attribute__((vector_size(32), may_alias));

INLINE V vset(float x) { return _mm256_set1_ps(x); }
INLINE V vload(const float* p) { return _mm256_loadu_ps(p); }
INLINE void vstore(float* p, V x) { _mm256_storeu_ps(p, x); }
INLINE V vfma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
// sum += a b. Spelled out where all registers are in use: the compiler would put the sum into another register, and spill.
// The copy lets an array of sums live in registers: named in the assembly, its elements would stay in memory.
INLINE void vadd_product(V& sum, V a, V b) {
  V x = sum;
  asm("vfmadd231ps %2, %1, %0" : "+x"(x) : "x"(a), "x"(b));
  sum = x;
}
INLINE I iload(const void* p) { return (I)_mm256_loadu_si256((const __m256i*)p); }

// Whether a mask has all lanes.
INLINE bool vall(I x) { return _mm256_movemask_ps((V)x) == 0xFF; }

// The larger and the smaller; b where one is NaN.
INLINE V vmax(V a, V b) { return _mm256_max_ps(a, b); }
INLINE V vmin(V a, V b) { return _mm256_min_ps(a, b); }

// Keeps a value in a register: what is read twice shall not be loaded twice.
INLINE V held(V x) {
  asm("" : "+x"(x));
  return x;
}

// a0 b0 a1 b1 .. instead of a0 a1 .. and b0 b1 ..
INLINE void vinterleave(V& a, V& b) {
  V low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
  a = _mm256_permute2f128_ps(low, high, 0x20);
  b = _mm256_permute2f128_ps(low, high, 0x31);
}

// The sums of the lanes of four vectors, each in the same order.
INLINE void vsums4(const V* x, float* to) {
  V a = _mm256_unpacklo_ps(x[0], x[1]) + _mm256_unpackhi_ps(x[0], x[1]);
  V b = _mm256_unpacklo_ps(x[2], x[3]) + _mm256_unpackhi_ps(x[2], x[3]);
  V sums = _mm256_shuffle_ps(a, b, 0x44) + _mm256_shuffle_ps(a, b, 0xEE);
  _mm_storeu_ps(to, _mm256_castps256_ps128(sums) + _mm256_extractf128_ps(sums, 1));
}

// The largest doubled codes: a NaN, and nothing else, doubles to 0xFE.
typedef __m256i NanTrace;
INLINE NanTrace trace_start() { return _mm256_setzero_si256(); }
INLINE bool trace_found(NanTrace t) {
  return _mm256_movemask_epi8(_mm256_cmpeq_epi8(t, _mm256_set1_epi8((char)0xFE))) != 0;
}

// 8 columns by 4 elements of packed E4M3: the upper halves of FP32 with the narrow exponent bias, values times 2^-120.
struct E4m3Halves {
  __m256i even, odd;
};
INLINE E4m3Halves e4m3_halves(const uint8_t* p, NanTrace& trace) {
  const __m256i fields = _mm256_set1_epi16((short)0x87F0);
  __m256i x = _mm256_loadu_si256((const __m256i*)p);
  trace = _mm256_max_epu8(trace, _mm256_add_epi8(x, x));
  return {_mm256_and_si256(_mm256_srai_epi16(_mm256_slli_epi16(x, 8), 4), fields), _mm256_and_si256(_mm256_srai_epi16(x, 4), fields)};
}
// Element k of the columns. A zero that is made on the spot costs no register, and no operation either.
INLINE V e4m3_word(const E4m3Halves& x, int k) {
  __m256i zero, half = k % 2 ? x.odd : x.even;
  asm volatile("vpxor %0, %0, %0" : "=x"(zero));
  return _mm256_castsi256_ps(k < 2 ? _mm256_unpacklo_epi16(zero, half) : _mm256_unpackhi_epi16(zero, half));
}

// Writes the elements of the columns, a pitch of floats apart. Spelled out, because between the multiply-adds of a tile few
// registers are free, and the compiler would spill sums.
INLINE void e4m3_unpack(const uint8_t* p, float* to, int pitch, NanTrace& trace) {
  const __m256i fields = _mm256_set1_epi16((short)0x87F0);
  __m256i x, y, t, largest = trace;
  asm volatile(
      "vmovdqu %[p], %[x]\n\t"
      "vpsllw $8, %[x], %[y]\n\t"
      "vpsraw $4, %[y], %[y]\n\t"
      "vpand %[fields], %[y], %[y]\n\t"
      "vpxor %[t], %[t], %[t]\n\t"
      "vpunpcklwd %[y], %[t], %[t]\n\t"
      "vmovdqu %[t], %[to0]\n\t"
      "vpxor %[t], %[t], %[t]\n\t"
      "vpunpckhwd %[y], %[t], %[t]\n\t"
      "vmovdqu %[t], %[to2]\n\t"
      "vpsraw $4, %[x], %[y]\n\t"
      "vpand %[fields], %[y], %[y]\n\t"
      "vpxor %[t], %[t], %[t]\n\t"
      "vpunpcklwd %[y], %[t], %[t]\n\t"
      "vmovdqu %[t], %[to1]\n\t"
      "vpxor %[t], %[t], %[t]\n\t"
      "vpunpckhwd %[y], %[t], %[t]\n\t"
      "vmovdqu %[t], %[to3]\n\t"
      "vpaddb %[x], %[x], %[x]\n\t"
      "vpmaxub %[trace], %[x], %[trace]"
      : [x] "=&x"(x), [y] "=&x"(y), [t] "=&x"(t), [trace] "+x"(largest), [to0] "=m"(*(__m256i_u*)to),
        [to1] "=m"(*(__m256i_u*)(to + pitch)), [to2] "=m"(*(__m256i_u*)(to + 2 * pitch)), [to3] "=m"(*(__m256i_u*)(to + 3 * pitch))
      : [p] "m"(*(const __m256i_u*)p), [fields] "m"(fields));
  trace = largest;
}

// Eight codes as FP32, NaN included.
INLINE V load_e4m3(const uint8_t* p) {
  __m256i x = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)p));
  __m256i f = _mm256_and_si256(_mm256_slli_epi32(x, 20), _mm256_set1_epi32((int)0x87F00000));
  __m256i m = _mm256_and_si256(x, _mm256_set1_epi32(0x7F));
  __m256 nan = _mm256_castsi256_ps(_mm256_cmpeq_epi32(m, _mm256_set1_epi32(0x7F)));
  return _mm256_or_ps(_mm256_mul_ps(_mm256_castsi256_ps(f), _mm256_set1_ps(0x1p120f)), nan);
}
INLINE V load_bf16(const uint16_t* p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p)), 16));
}
INLINE V load_f16(const uint16_t* p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p)); }

// FP32 rounded to nearest even BF16.
INLINE void store_bf16(uint16_t* p, V x) {
  __m256i bits = _mm256_castps_si256(x);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd), 16);
  __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  rounded = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7FC0), nan);
  __m256i halves = _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded, rounded), 0x08);
  _mm_storeu_si128((__m128i*)p, _mm256_castsi256_si128(halves));
}

// Neighbours exchanged.
INLINE V vswap(V x) { return _mm256_permute_ps(x, 0xB1); }
INLINE bool vany(I mask) { return _mm256_movemask_ps((V)mask) != 0; }

// x[i][j] becomes x[j][i].
INLINE void vtranspose(V* x) {
  __m256 a[8];
  for (int i = 0; i < 4; i++) {
    a[2 * i] = _mm256_unpacklo_ps(x[2 * i], x[2 * i + 1]);
    a[2 * i + 1] = _mm256_unpackhi_ps(x[2 * i], x[2 * i + 1]);
  }
  __m256 b[8];
  for (int i = 0; i < 2; i++) {
    __m256* q = a + 4 * i;
    b[4 * i] = _mm256_shuffle_ps(q[0], q[2], 0x44);
    b[4 * i + 1] = _mm256_shuffle_ps(q[0], q[2], 0xEE);
    b[4 * i + 2] = _mm256_shuffle_ps(q[1], q[3], 0x44);
    b[4 * i + 3] = _mm256_shuffle_ps(q[1], q[3], 0xEE);
  }
  for (int i = 0; i < 4; i++) {
    x[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
    x[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
  }
}

// Rows times the columns that one tile of registers holds: 6 x 2 vectors.
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
// Whether a tile unpacks the next panel of weights between its multiply-adds: it pays where unpacking takes many operations.
enum { UNPACK_AHEAD = 1 };
// Rows up to which weights are unpacked in registers, and vectors of columns that these take at a time: enough chains to keep both
// multipliers busy, four steps of weights and a row's element in 16 registers.
enum { FUSED_ROWS = 2 };
constexpr int fused_vectors(int rows) { return rows == 1 ? 8 : 4; }
// How many of these vectors an element of a row is read for at a time.
constexpr int fused_group(int) { return 2; }
