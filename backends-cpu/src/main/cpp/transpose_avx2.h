// Transposes 32-bit words of 64 rows into the order of packed weights.
#pragma once
#include <immintrin.h>
#include <stdint.h>

// Bytes of four rows as they stand after the transposition, n0(k0 k1 k2 k3) n1(..) n2(..) n3(..), become pairs along K.
#define PAIR_ORDER _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15)

template <bool PAIRS>
static void transpose_words(const uint8_t* src, int64_t pitch, int words, uint8_t* dst) {
  const __m256i order = PAIR_ORDER;
  for (int g = 0; g < 8; g++) {
    const uint8_t* r = src + 8 * g * pitch;
    for (int w = 0; w < words; w += 8) {
      __m256 a[8], b[8];
      for (int i = 0; i < 8; i++) {
        a[i] = _mm256_loadu_ps((const float*)(r + i * pitch + 4 * w));
        // The row's next block comes two blocks from now.
        if (w % 16 == 0) _mm_prefetch((const char*)(r + i * pitch + 4 * w) + 8 * words, _MM_HINT_T0);
      }
      for (int i = 0; i < 4; i++) {
        b[2 * i] = _mm256_unpacklo_ps(a[2 * i], a[2 * i + 1]);
        b[2 * i + 1] = _mm256_unpackhi_ps(a[2 * i], a[2 * i + 1]);
      }
      for (int i = 0; i < 2; i++) {
        __m256* q = b + 4 * i;
        a[4 * i] = _mm256_shuffle_ps(q[0], q[2], 0x44);
        a[4 * i + 1] = _mm256_shuffle_ps(q[0], q[2], 0xEE);
        a[4 * i + 2] = _mm256_shuffle_ps(q[1], q[3], 0x44);
        a[4 * i + 3] = _mm256_shuffle_ps(q[1], q[3], 0xEE);
      }
      for (int i = 0; i < 4; i++) {
        __m256i low = _mm256_castps_si256(_mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
        __m256i high = _mm256_castps_si256(_mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
        if (PAIRS) {
          low = _mm256_shuffle_epi8(low, order);
          high = _mm256_shuffle_epi8(high, order);
        }
        _mm256_store_si256((__m256i*)(dst + 256 * (w + i) + 32 * g), low);
        _mm256_store_si256((__m256i*)(dst + 256 * (w + i + 4) + 32 * g), high);
      }
    }
  }
}
