// Rows between memory and FP32.
#pragma once

// LANES elements of any type from an element number on.
INLINE V load_typed(int type, const uint8_t* row, int64_t i) {
  return type == TS_F32    ? vload((const float*)row + i)
         : type == TS_BF16 ? load_bf16((const uint16_t*)row + i)
         : type == TS_F16  ? load_f16((const uint16_t*)row + i)
                           : load_e4m3(row + i);
}

// The last count elements, fewer than LANES, with zeros behind them.
static V load_tail(int type, const uint8_t* row, int64_t i, int count) {
  uint8_t tail[LANES * 4] __attribute__((aligned(64)));
  int bytes = element_bytes(type);
  __builtin_memset(tail, 0, sizeof tail);
  __builtin_memcpy(tail, row + i * bytes, (size_t)count * bytes);
  return load_typed(type, tail, 0);
}

// Writes LANES elements as F32 or BF16, rounded to nearest even; NaN becomes the canonical one in BF16.
INLINE void store_typed(int type, uint8_t* row, int64_t i, V x) {
  if (type == TS_F32) {
    vstore((float*)row + i, x);
  } else {
    store_bf16((uint16_t*)row + i, x);
  }
}

static void store_tail(int type, uint8_t* row, int64_t i, int count, V x) {
  uint8_t tail[LANES * 4] __attribute__((aligned(64)));
  int bytes = element_bytes(type);
  store_typed(type, tail, 0, x);
  __builtin_memcpy(row + i * bytes, tail, (size_t)count * bytes);
}
