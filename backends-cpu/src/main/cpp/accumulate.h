// The products of absorbed attention: few rows of FP32 with weights whose rows are terms, or columns.
#pragma once

// MR rows of FP32 times NV vectors of columns of narrow rows of weights, k terms: c = (ADD: c +) a w.
template <int MR, int NV, bool ADD>
static void accumulate_tile(const float* a, int a_pitch, const uint8_t* w, int64_t w_pitch, int type, int column, int k, float* c,
                            int64_t c_pitch) {
  V acc[MR][NV];
  const int bytes = element_bytes(type);
  for (int m = 0; m < MR; m++)
    for (int v = 0; v < NV; v++) acc[m][v] = vset(0);
  for (int p = 0; p < k; p++) {
    // The same columns of the next terms: what a page apart lies is beyond the processor's own fetching.
    if (NV > TILE_VECTORS)
      for (int b = 0; b < NV * LANES * bytes; b += 64) __builtin_prefetch(w + (p + TILE_KEYS) * w_pitch + column * bytes + b);
    V x[NV];
    for (int v = 0; v < NV; v++) x[v] = load_typed(type, w + p * w_pitch, column + v * LANES);
    for (int m = 0; m < MR; m++) {
      V f = vset(a[m * a_pitch + p]);
      for (int v = 0; v < NV; v++) acc[m][v] = vfma(x[v], f, acc[m][v]);
    }
  }
  for (int m = 0; m < MR; m++)
    for (int v = 0; v < NV; v++) {
      float* to = c + m * c_pitch + column + v * LANES;
      vstore(to, ADD ? vload(to) + acc[m][v] : acc[m][v]);
    }
}

template <int MR, bool ADD>
INLINE void accumulate_rows(int rows, const float* a, int a_pitch, const uint8_t* w, int64_t w_pitch, int type, int column, int k,
                            float* c, int64_t c_pitch) {
  if (rows == MR) {
    accumulate_tile<MR, TILE_VECTORS, ADD>(a, a_pitch, w, w_pitch, type, column, k, c, c_pitch);
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
    int column = 0;
    // One row has too few chains of additions in a tile's columns, and reads too little of a row of weights at a time.
    constexpr int WIDE = 4 * TILE_VECTORS;
    for (; m == 1 && column <= n - WIDE * LANES; column += WIDE * LANES)
      if (d == 0) {
        accumulate_tile<1, WIDE, false>(wide, TILE_KEYS, w, w_pitch, type, column, terms, c, c_pitch);
      } else {
        accumulate_tile<1, WIDE, true>(wide, TILE_KEYS, w + d * w_pitch, w_pitch, type, column, terms, c, c_pitch);
      }
    for (; column < n; column += COLUMNS) {
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

// out[i][j] = sum over k of a[i][k] w[j][k] for rows of FP32 and weights that are read where they lie, a lane being a term: k is a
// multiple of 32 that is not above DOT_TERMS. The pitches of rows, and of results in elements.
enum { DOT_TERMS = 512 };

template <int TYPE>
static void dot_rows_of(const float* a, int64_t a_pitch, int m, const uint8_t* w, int64_t w_pitch, int n, int k, float* out,
                        int out_pitch) {
  float q[CACHED_ROWS * DOT_TERMS] __attribute__((aligned(64)));
  float sums[CACHED_KEYS * CACHED_ROWS];
  for (int r = 0; r < m; r += CACHED_ROWS) {
    int rows = m - r < CACHED_ROWS ? m - r : CACHED_ROWS;
    for (int i = 0; i < rows; i++) cached_query<TYPE>(a + (r + i) * a_pitch, k, q + i * k);
    for (int j = 0; j < n; j += CACHED_KEYS) {
      const uint8_t* rows_of_w[CACHED_KEYS];
      int count = n - j < CACHED_KEYS ? n - j : CACHED_KEYS;
      for (int t = 0; t < CACHED_KEYS; t++) rows_of_w[t] = w + (t < count ? j + t : j) * w_pitch;
      for (int b = 0; r == 0 && b < CACHED_KEYS * w_pitch; b += 64) __builtin_prefetch(rows_of_w[0] + PREFETCH + b);
      cached_score_keys<TYPE, CACHED_KEYS>(q, rows, rows_of_w, k, sums, CACHED_ROWS);
      for (int i = 0; i < rows; i++)
        for (int t = 0; t < count; t++) out[(int64_t)(r + i) * out_pitch + j + t] = sums[t * CACHED_ROWS + i];
    }
  }
}

static void dot_rows(const float* a, int64_t a_pitch, int m, const uint8_t* w, int type, int64_t w_pitch, int n, int k, float* out,
                     int out_pitch) {
  if (type == TS_BF16) {
    dot_rows_of<TS_BF16>(a, a_pitch, m, w, w_pitch, n, k, out, out_pitch);
  } else {
    dot_rows_of<TS_F32>(a, a_pitch, m, w, w_pitch, n, k, out, out_pitch);
  }
}
