// Blocks of weights brought into the packed order. Included once per instruction set, after transpose_words.
#pragma once
#include "order.h"

// Makes the results of columns whose E4M3 weights hold a NaN NaN: unpacked in registers it is an ordinary 480.
static inline void poison(const uint8_t* block, int m, float* c, int stride) {
  for (int n = 0; n < TS_PANEL; n++)
    for (int k = 0; k < TS_BLOCK; k++)
      if ((block[packed_offset(TS_E4M3, n, k)] & 0x7F) == 0x7F) {
        for (int i = 0; i < m; i++) c[(int64_t)i * stride + n] = __builtin_nanf("");
        break;
      }
}

// Packs up to 64 rows of up to 128 elements; zeros stand for what is missing.
static void pack_block(const uint8_t* src, int64_t pitch, int rows, int columns, int type, uint8_t* dst) {
  uint8_t padded[TS_PANEL * TS_BLOCK * 4] __attribute__((aligned(64)));
  int bytes = element_bytes(type);
  if (rows < TS_PANEL || columns < TS_BLOCK) {
    __builtin_memset(padded, 0, (size_t)TS_PANEL * TS_BLOCK * bytes);
    for (int n = 0; n < rows; n++) __builtin_memcpy(padded + n * TS_BLOCK * bytes, src + n * pitch, (size_t)columns * bytes);
    src = padded;
    pitch = TS_BLOCK * bytes;
  }
  if (type == TS_E4M3) {
    transpose_words<true>(src, pitch, TS_BLOCK / 4, dst);
  } else {
    transpose_words<false>(src, pitch, TS_BLOCK * bytes / 4, dst);
  }
}
