// Rows of FP32 times narrow weights whose rows are terms: the transposed product of absorbed attention.
#pragma once

// MR rows of FP32 times TILE_VECTORS vectors of columns of narrow rows of weights, k terms: c = (ADD: c +) a w.
template <int MR, bool ADD>
static void accumulate_tile(const float* a, int a_pitch, const uint8_t* w, int64_t w_pitch, int type, int column, int k, float* c,
                            int64_t c_pitch) {
  V acc[MR][TILE_VECTORS];
  for (int m = 0; m < MR; m++)
    for (int v = 0; v < TILE_VECTORS; v++) acc[m][v] = vset(0);
  for (int p = 0; p < k; p++) {
    V x[TILE_VECTORS];
    for (int v = 0; v < TILE_VECTORS; v++) x[v] = load_typed(type, w + p * w_pitch, column + v * LANES);
    for (int m = 0; m < MR; m++) {
      V f = vset(a[m * a_pitch + p]);
      for (int v = 0; v < TILE_VECTORS; v++) acc[m][v] = vfma(x[v], f, acc[m][v]);
    }
  }
  for (int m = 0; m < MR; m++)
    for (int v = 0; v < TILE_VECTORS; v++) {
      float* to = c + m * c_pitch + column + v * LANES;
      vstore(to, ADD ? vload(to) + acc[m][v] : acc[m][v]);
    }
}

template <int MR, bool ADD>
INLINE void accumulate_rows(int rows, const float* a, int a_pitch, const uint8_t* w, int64_t w_pitch, int type, int column, int k,
                            float* c, int64_t c_pitch) {
  if (rows == MR) {
    accumulate_tile<MR, ADD>(a, a_pitch, w, w_pitch, type, column, k, c, c_pitch);
  } else if constexpr (MR > 1) {
    accumulate_rows<MR - 1, ADD>(rows, a, a_pitch, w, w_pitch, type, column, k, c, c_pitch);
  }
}

// c[m][n] = sum over k of a[m][k] w[k][n], 64 terms at a time; rows of a are of any type, pitches are in bytes.
static void accumulate(const uint8_t* a, int a_type, int64_t a_pitch, int m, const uint8_t* w, int type, int64_t w_pitch, int n, int k,
                       float* c, int64_t c_pitch) {
  enum { MOST = 64 };
  float wide[MOST * TILE_KEYS] __attribute__((aligned(64)));
  uint8_t padded[TILE_KEYS * 4 * TILE_VECTORS * LANES] __attribute__((aligned(64)));
  float sums[MOST * TILE_VECTORS * LANES] __attribute__((aligned(64)));
  constexpr int COLUMNS = TILE_VECTORS * LANES;
  c_pitch /= (int64_t)sizeof(float);
  for (int d = 0; d < k; d += TILE_KEYS) {
    int terms = k - d < TILE_KEYS ? k - d : TILE_KEYS;
    attention_rows(a + d * element_bytes(a_type), a_pitch, a_type, m, terms, TILE_KEYS, wide, TILE_KEYS);
    for (int column = 0; column < n; column += COLUMNS) {
      const uint8_t* rows = w + d * w_pitch;
      int64_t pitch = w_pitch, to_pitch = c_pitch;
      float* to = c;
      int at = column, rest = n - column;
      if (rest < COLUMNS) {
        // The last columns go through memory that may be read and written beyond them.
        pitch = COLUMNS * element_bytes(type);
        for (int p = 0; p < terms; p++)
          __builtin_memcpy(padded + p * pitch, rows + p * w_pitch + column * element_bytes(type), (size_t)rest * element_bytes(type));
        for (int i = 0; i < m; i++) __builtin_memcpy(sums + i * COLUMNS, c + i * c_pitch + column, (size_t)rest * sizeof(float));
        rows = padded;
        to = sums;
        to_pitch = COLUMNS;
        at = 0;
      }
      int tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
      for (int i = 0, from = 0; i < tiles; i++) {
        int count = (m - from + tiles - i - 1) / (tiles - i);
        const float* x = wide + from * TILE_KEYS;
        if (d == 0) {
          accumulate_rows<TILE_ROWS, false>(count, x, TILE_KEYS, rows, pitch, type, at, terms, to + from * to_pitch, to_pitch);
        } else {
          accumulate_rows<TILE_ROWS, true>(count, x, TILE_KEYS, rows, pitch, type, at, terms, to + from * to_pitch, to_pitch);
        }
        from += count;
      }
      if (rest < COLUMNS)
        for (int i = 0; i < m; i++) __builtin_memcpy(c + i * c_pitch + column, sums + i * COLUMNS, (size_t)rest * sizeof(float));
    }
  }
}
