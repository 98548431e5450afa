// Blockwise softmax attention in FP32: the recurrence of FlashAttention-2 (arXiv 2307.08691). A tile holds up to 64 queries and
// a block of 64 keys, transposed. Sums run over 64 terms at a time, whatever the rows beside a row.
#pragma once

enum { TILE_KEYS = 64 };
static const float HEADROOM = 8;

// Keys [count][elements] from a pitch of bytes into columns at.. of kt[element..][64]. Columns up to a vector further may
// receive copies of the last key.
static void attention_keys(const uint8_t* src, int64_t pitch, int type, int count, int elements, int at, float* kt) {
  for (int j = 0; j < count; j += LANES) {
    const uint8_t* row[LANES];
    for (int i = 0; i < LANES; i++) row[i] = src + (j + i < count ? j + i : count - 1) * pitch;
    int columns = TILE_KEYS - at - j < LANES ? TILE_KEYS - at - j : LANES;
    for (int d = 0; d < elements; d += LANES) {
      V x[LANES];
      int rest = elements - d;
      for (int i = 0; i < LANES; i++) {
        x[i] = rest >= LANES ? load_typed(type, row[i], d) : load_tail(type, row[i], d, rest);
        if (d % 32 == 0) __builtin_prefetch(row[i] + 64 * pitch + d * element_bytes(type));
      }
      vtranspose(x);
      for (int i = 0; i < LANES && i < rest; i++) {
        float* to = kt + (int64_t)(d + i) * TILE_KEYS + at + j;
        if (columns == LANES) {
          vstore(to, x[i]);
        } else {
          float lanes[LANES];
          vstore(lanes, x[i]);
          for (int c = 0; c < columns; c++) to[c] = lanes[c];
        }
      }
    }
  }
}

// Rows [count][elements] as FP32 rows of a width, zeros at their ends, to_pitch floats apart.
static void attention_rows(const uint8_t* src, int64_t pitch, int type, int count, int elements, int width, float* to, int to_pitch) {
  for (int j = 0; j < count; j++, to += to_pitch) {
    const uint8_t* row = src + j * pitch;
    int d = 0;
    for (; d <= elements - LANES; d += LANES) vstore(to + d, load_typed(type, row, d));
    if (d < elements) {
      vstore(to + d, load_tail(type, row, d, elements - d));
      d += LANES;
    }
    for (; d < width; d += LANES) vstore(to + d, vset(0));
  }
}

// c (+)= a b for MR rows and TILE_VECTORS vectors of columns.
template <int MR, bool ADD>
static void attention_tile(const float* a, int a_pitch, const float* b, int b_pitch, int k, float* c, int c_pitch) {
  V acc[MR][TILE_VECTORS];
  tile_sums<MR>(a, a_pitch, b, b_pitch, k, acc);
  for (int m = 0; m < MR; m++)
    for (int v = 0; v < TILE_VECTORS; v++) {
      float* to = c + (int64_t)m * c_pitch + v * LANES;
      vstore(to, ADD ? vload(to) + acc[m][v] : acc[m][v]);
    }
}

template <int MR, bool ADD>
INLINE void attention_tile_of(int rows, const float* a, int a_pitch, const float* b, int b_pitch, int k, float* c, int c_pitch) {
  if (rows == MR) {
    attention_tile<MR, ADD>(a, a_pitch, b, b_pitch, k, c, c_pitch);
  } else if constexpr (MR > 1) {
    attention_tile_of<MR - 1, ADD>(rows, a, a_pitch, b, b_pitch, k, c, c_pitch);
  }
}

template <bool ADD>
static void attention_product(const float* a, int a_pitch, int m, const float* b, int b_pitch, int k, float* c, int c_pitch) {
  int tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
  for (int i = 0, from = 0; i < tiles; i++) {
    int rows = (m - from + tiles - i - 1) / (tiles - i);
    attention_tile_of<TILE_ROWS, ADD>(rows, a + (int64_t)from * a_pitch, a_pitch, b, b_pitch, k, c + (int64_t)from * c_pitch, c_pitch);
    from += rows;
  }
}

static void scale_row(float* x, int width, float factor) {
  for (int i = 0; i < width; i += LANES) vstore(x + i, vload(x + i) * vset(factor));
}

// e^x rounded from FP64.
static float exp64(double x) { return (float)__builtin_exp(x); }

// Turns the scores of a row into weights; returns whether there is one.
static bool attention_weights(ts_attention_args* t, int row, int from, int to) {
  float* s = (float*)t->scores + row * TILE_KEYS;
  float *largest = (float*)t->largest + row, *sum = (float*)t->sums + row;
  // Whole vectors; what is not seen weighs nothing.
  int start = from / LANES * LANES, end = (to + LANES - 1) / LANES * LANES;
  for (int i = start; i < from; i++) s[i] = -__builtin_inff();
  for (int i = to; i < end; i++) s[i] = -__builtin_inff();
  V most = vset(-__builtin_inff()), scale = vset(t->scale);
  I nan = vsplat(0);
  for (int i = start; i < end; i += LANES) {
    V x = vload(s + i);
    if (t->softcap == 0) {
      x = x * scale;
    } else {
      x = vtanh(x * scale / vset(t->softcap)) * vset(t->softcap);
    }
    vstore(s + i, x);
    nan |= x != x;
    most = vselect(x > most, x, most);
  }
  // The tail went through the arithmetic, too.
  if (t->softcap != 0 || !(t->scale > 0)) {
    most = vset(-__builtin_inff());
    nan = vsplat(0);
    for (int i = start; i < end; i += LANES) {
      float lanes[LANES];
      vstore(lanes, vload(s + i));
      for (int c = 0; c < LANES; c++)
        if (i + c < from || i + c >= to) lanes[c] = -__builtin_inff();
      V x = vload(lanes);
      vstore(s + i, x);
      nan |= x != x;
      most = vselect(x > most, x, most);
    }
  }
  float top = vlargest(most);
  for (int i = 0; i < LANES; i++)
    if (nan[i]) top = __builtin_nanf("");
  if (top == -__builtin_inff()) return false;
  if (*largest == -__builtin_inff()) {
    *largest = top;
  } else if (!(top <= *largest + HEADROOM)) {
    float factor = exp64((double)*largest - top);
    *sum *= factor;
    scale_row((float*)t->outputs + (int64_t)row * t->value_width, t->value_width, factor);
    *largest = top;
  }
  V total = vset(0), shift = vset(*largest);
  for (int i = start; i < end; i += LANES) {
    V x = vexp(vload(s + i) - shift);
    vstore(s + i, x);
    total = total + x;
  }
  *sum += vsum(total);
  return true;
}

// Attends over the keys at..stop-1 of the block in the tile.
static void attention_block(ts_attention_args* t) {
  const int32_t* first = (const int32_t*)t->first;
  const int32_t* end = (const int32_t*)t->end;
  float* s = (float*)t->scores;
  int columns = TILE_VECTORS * LANES;
  for (int g = t->at / columns * columns; g < t->stop; g += columns)
    for (int d = 0; d < t->depth; d += TILE_KEYS) {
      int k = t->depth - d < TILE_KEYS ? t->depth - d : TILE_KEYS;
      const float* keys = (const float*)t->keys + (int64_t)d * TILE_KEYS + g;
      const float* q = (const float*)t->queries + d;
      if (d == 0) {
        attention_product<false>(q, t->query_width, t->rows, keys, TILE_KEYS, k, s + g, TILE_KEYS);
      } else {
        attention_product<true>(q, t->query_width, t->rows, keys, TILE_KEYS, k, s + g, TILE_KEYS);
      }
    }
  int16_t from[TILE_KEYS], to[TILE_KEYS];
  for (int r = 0; r < t->rows; r++) {
    int low = first[r] - t->block, high = end[r] - t->block;
    low = low < t->at ? t->at : low > t->stop ? t->stop : low;
    high = high < low ? low : high > t->stop ? t->stop : high;
    if (low < high && !attention_weights(t, r, low, high)) high = low;
    from[r] = (int16_t)low;
    to[r] = (int16_t)high;
  }
  for (int r = 0; r < t->rows;) {
    int run = 1;
    while (r + run < t->rows && from[r + run] == from[r] && to[r + run] == to[r]) run++;
    if (from[r] < to[r]) {
      const float* v = (const float*)t->values + (int64_t)from[r] * t->value_pitch;
      float* acc = (float*)t->outputs + (int64_t)r * t->value_width;
      for (int c = 0; c < t->value_width; c += columns)
        attention_product<true>(s + r * TILE_KEYS + from[r], TILE_KEYS, run, v + c, t->value_pitch, to[r] - from[r], acc + c,
                                t->value_width);
    }
    r += run;
  }
}

// Adds partial results (largest score, sum, output) of a row in their order.
static void attention_merge(ts_attention_args* t, int row, const float* partials, int count, int value_dim) {
  float* acc = (float*)t->outputs + (int64_t)row * t->value_width;
  const int64_t stride = value_dim + 2;
  float top = -__builtin_inff();
  for (int i = 0; i < count; i++) top = partials[i * stride] > top || partials[i * stride] != partials[i * stride] ? partials[i * stride] : top;
  float sum = 0;
  for (int i = 0; i < count; i++) {
    const float* its = partials + i * stride;
    if (its[0] == -__builtin_inff()) continue;
    float weight = exp64((double)its[0] - top);
    sum += weight * its[1];
    int d = 0;
    for (; d <= value_dim - LANES; d += LANES) vstore(acc + d, vfma(vset(weight), vload(its + 2 + d), vload(acc + d)));
    for (; d < value_dim; d++) acc[d] += weight * its[2 + d];
  }
  ((float*)t->largest)[row] = top;
  ((float*)t->sums)[row] = sum;
}

// Writes a row's output divided by a number.
static void attention_output(const float* acc, float divisor, int count, int type, uint8_t* to) {
  int d = 0;
  for (; d <= count - LANES; d += LANES) store_typed(type, to, d, vload(acc + d) / vset(divisor));
  if (d < count) store_tail(type, to, d, count - d, load_tail(TS_F32, (const uint8_t*)acc, d, count - d) / vset(divisor));
}
