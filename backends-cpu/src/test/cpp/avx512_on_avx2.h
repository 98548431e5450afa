// Lets the AVX-512 sources run on a processor with AVX2: SIMDe spells their intrinsics out. Its version 0.7.4 lacks eight of
// them, which are here, after Intel's description of what they do.
#pragma once
#include <immintrin.h>
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>
#include <simde/x86/f16c.h>

namespace imitated {
template <class TO, class FROM> inline TO bits(FROM from) {
  static_assert(sizeof(TO) == sizeof(FROM));
  TO to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

template <class LANES, class WIDE> inline __m512i widen(WIDE x) {
  LANES from = bits<LANES>(x);
  int32_t to __attribute__((vector_size(64)));
  for (int i = 0; i < 16; i++) to[i] = from[i];
  return bits<__m512i>(to);
}

typedef int8_t Bytes __attribute__((vector_size(16)));
typedef uint16_t Words __attribute__((vector_size(32)));
typedef float Floats __attribute__((vector_size(64)));
typedef uint32_t Doubles __attribute__((vector_size(64)));

inline __m512i cvtepi8_epi32(__m128i x) { return widen<Bytes>(x); }
inline __m512i cvtepu16_epi32(__m256i x) { return widen<Words>(x); }
inline __m256i cvtepi32_epi16(__m512i x) {
  Doubles from = bits<Doubles>(x);
  Words to;
  for (int i = 0; i < 16; i++) to[i] = (uint16_t)from[i];
  return bits<__m256i>(to);
}
inline __m512 cvtph_ps(__m256i x) {
  struct { __m256 low, high; } halves = {_mm256_cvtph_ps(_mm256_castsi256_si128(x)), _mm256_cvtph_ps(_mm256_extracti128_si256(x, 1))};
  return bits<__m512>(halves);
}
inline float cvtss_f32(__m512 x) { return bits<Floats>(x)[0]; }
inline __m256 extractf32x8_ps(__m512 x, int half) {
  struct Halves { __m256 part[2]; };
  return bits<Halves>(x).part[half];
}
inline __m512 permute_ps(__m512 x, int control) {
  Floats from = bits<Floats>(x), to;
  for (int i = 0; i < 16; i++) to[i] = from[(i & ~3) + (control >> 2 * (i & 3) & 3)];
  return bits<__m512>(to);
}
inline __m512 shuffle_f32x4(__m512 a, __m512 b, int control) {
  struct Quarters { __m128 part[4]; };
  Quarters from[2] = {bits<Quarters>(a), bits<Quarters>(b)}, to;
  for (int i = 0; i < 4; i++) to.part[i] = from[i / 2].part[control >> 2 * i & 3];
  return bits<__m512>(to);
}
}  // namespace imitated
#define _mm512_cvtepi8_epi32 imitated::cvtepi8_epi32
#define _mm512_cvtepu16_epi32 imitated::cvtepu16_epi32
#define _mm512_cvtepi32_epi16 imitated::cvtepi32_epi16
#define _mm512_cvtph_ps imitated::cvtph_ps
#define _mm512_cvtss_f32 imitated::cvtss_f32
#undef _mm512_extractf32x8_ps
#define _mm512_extractf32x8_ps imitated::extractf32x8_ps
#undef _mm512_permute_ps
#define _mm512_permute_ps imitated::permute_ps
#undef _mm512_shuffle_f32x4
#define _mm512_shuffle_f32x4 imitated::shuffle_f32x4
