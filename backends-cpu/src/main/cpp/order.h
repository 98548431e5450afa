// The order of packed weights.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "touchstone_cpu.h"

static inline int least(int64_t a, int64_t b) { return (int)(a < b ? a : b); }

static inline int element_bytes(int type) { return type == TS_F32 ? 4 : type == TS_E4M3 ? 1 : 2; }

// Byte offset of element (n, k) within a block.
static inline int packed_offset(int type, int n, int k) {
  switch (type) {
    case TS_E4M3: return k / 4 * 256 + n / 4 * 16 + k % 4 / 2 * 8 + n % 4 * 2 + k % 2;
    case TS_BF16: return k / 2 * 256 + n * 4 + k % 2 * 2;
    default: return k * 256 + n * 4;
  }
}
