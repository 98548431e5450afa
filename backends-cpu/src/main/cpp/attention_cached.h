// Attention of a few queries straight from the rows of a cache: nothing is transposed or widened in memory, because eight queries
// that share a key would not pay for it. A lane of a score's sum is an element of the key, a lane of the softmax is a query.
#pragma once

// Queries, and keys, whose sums stay in registers at a time.
enum { CACHED_ROWS = 4, CACHED_KEYS = 2 };

// Two vectors of the elements of a cached row: 2 LANES adjacent elements, BF16 first those of even, then those of odd number,
// which takes one operation per vector where keeping their order takes two shuffles.
template <int TYPE> INLINE void cached_step(const uint8_t* p, V* x) {
  if constexpr (TYPE == TS_BF16) {
    I pairs = (I)held((V)iload(p));
    x[0] = (V)(pairs << 16);
    x[1] = (V)(pairs & (int32_t)0xFFFF0000);
  } else {
    x[0] = vload((const float*)p);
    x[1] = vload((const float*)p + LANES);
  }
}

// The addresses of a block's rows; those of places without a key are never read.
struct CachedBlock {
  const uint8_t* keys[TILE_KEYS];
  const uint8_t* values[TILE_KEYS];
};

// Runs of keys whose rows lie a pitch apart: addresses of the first key and value, pitches of keys and values, number of keys.
struct CachedRuns {
  const int64_t* run;
  int64_t done;

  // Fills places from..to-1 of a block.
  void fill(CachedBlock* block, int from, int to) {
    for (int j = from; j < to; j++) {
      if (done == run[4]) {
        run += 5;
        done = 0;
      }
      block->keys[j] = (const uint8_t*)run[0] + done * run[2];
      block->values[j] = (const uint8_t*)run[1] + done * run[3];
      done++;
    }
  }
};

// Brings elements of a query into the order of cached_step.
template <int TYPE> static void cached_query(const float* q, int depth, float* to) {
  for (int d = 0; d < depth; d += 2 * LANES)
    for (int i = 0; i < LANES; i++) {
      to[d + i] = q[d + (TYPE == TS_BF16 ? 2 * i : i)];
      to[d + LANES + i] = q[d + (TYPE == TS_BF16 ? 2 * i + 1 : LANES + i)];
    }
}

// Dot products of MR queries with KEYS keys, to s[key][row].
template <int TYPE, int MR, int KEYS>
INLINE void cached_scores(const float* q, int q_pitch, const uint8_t* const* keys, int depth, float* s, int s_pitch) {
  constexpr int BYTES = TYPE == TS_F32 ? 4 : 2;
  V acc[KEYS][CACHED_ROWS];
  for (int j = 0; j < KEYS; j++)
    for (int m = 0; m < CACHED_ROWS; m++) acc[j][m] = vset(0);
  for (int d = 0; d < depth; d += 2 * LANES) {
    V x[KEYS][2];
    for (int j = 0; j < KEYS; j++) cached_step<TYPE>(keys[j] + d * BYTES, x[j]);
    for (int half = 0; half < 2; half++)
      for (int m = 0; m < MR; m++) {
        // Read once: as an operand of every multiply-add it would be read for each key.
        V y = held(vload(q + m * q_pitch + d + half * LANES));
        for (int j = 0; j < KEYS; j++) acc[j][m] = vfma(x[j][half], y, acc[j][m]);
      }
  }
  for (int j = 0; j < KEYS; j++) vsums4(acc[j], s + j * s_pitch);
}

// acc[m][columns] += sum over keys j in from..to-1 of p[j][m] v[j] for MR rows and 2 LANES columns. FETCH lists of
// rows of the next block are fetched beside it.
template <int TYPE, int MR, int FETCH>
static void cached_values(const float* p, int p_pitch, const uint8_t* values, int value_bytes, const uint8_t* const* next0,
                          const uint8_t* const* next1, int from, int to, int column, float* acc, int pitch) {
  constexpr int BYTES = TYPE == TS_F32 ? 4 : 2;
  values += column * BYTES;
  V sum[MR][2];
  for (int m = 0; m < MR; m++) sum[m][0] = sum[m][1] = vset(0);
  for (int j = from; j < to; j++) {
    V x[2];
    cached_step<TYPE>(values + j * value_bytes, x);
    if (FETCH > 0) __builtin_prefetch(next0[j] + column * BYTES, 0, 2);
    if (FETCH > 1) __builtin_prefetch(next1[j] + column * BYTES, 0, 2);
    for (int m = 0; m < MR; m++) {
      V w = vset(p[j * p_pitch + m]);
      sum[m][0] = vfma(x[0], w, sum[m][0]);
      sum[m][1] = vfma(x[1], w, sum[m][1]);
    }
  }
  for (int m = 0; m < MR; m++) {
    if (TYPE == TS_BF16) vinterleave(sum[m][0], sum[m][1]);
    float* out = acc + (int64_t)m * pitch + column;
    vstore(out, vload(out) + sum[m][0]);
    vstore(out + LANES, vload(out + LANES) + sum[m][1]);
  }
}

// KEYS keys, all rows. The last rows are one tile, because the sums of a tile are stored as a whole.
template <int TYPE, int KEYS>
static void cached_score_keys(const float* q, int rows, const uint8_t* const* keys, int depth, float* s, int s_pitch) {
  static_assert(CACHED_ROWS == 4, "a case for each rest");
  int r = 0;
  for (; r <= rows - 4; r += 4) cached_scores<TYPE, 4, KEYS>(q + (int64_t)r * depth, depth, keys, depth, s + r, s_pitch);
  q += (int64_t)r * depth;
  switch (rows - r) {
    case 1: cached_scores<TYPE, 1, KEYS>(q, depth, keys, depth, s + r, s_pitch); break;
    case 2: cached_scores<TYPE, 2, KEYS>(q, depth, keys, depth, s + r, s_pitch); break;
    case 3: cached_scores<TYPE, 3, KEYS>(q, depth, keys, depth, s + r, s_pitch); break;
    default: break;
  }
}

template <int TYPE, int MR, int FETCH>
INLINE void cached_value_rows(int rows, const float* p, int p_pitch, const uint8_t* values, int value_bytes, const uint8_t* const* next0,
                              const uint8_t* const* next1, int from, int to, int column, float* acc, int pitch) {
  if (rows == MR) {
    cached_values<TYPE, MR, FETCH>(p, p_pitch, values, value_bytes, next0, next1, from, to, column, acc, pitch);
  } else if constexpr (MR > 1) {
    cached_value_rows<TYPE, MR - 1, FETCH>(rows, p, p_pitch, values, value_bytes, next0, next1, from, to, column, acc, pitch);
  }
}

// Turns the scores of LANES rows into weights, a lane for each; what a row does not see weighs nothing. Rows without a key that
// they see get an empty range. Lanes beyond the last row compute something that nobody reads.
static void cached_weights(ts_attention_args* t, float* s, int pitch, int row, int low, int high, int32_t* from, int32_t* to) {
  const int count = t->rows - row < LANES ? t->rows - row : LANES;
  float *largest = (float*)t->largest + row, *sums = (float*)t->sums + row;
  int32_t start[LANES] = {}, end[LANES] = {};
  bool all = true;
  for (int i = 0; i < count; i++) {
    start[i] = from[row + i];
    end[i] = to[row + i];
    all = all && start[i] == low && end[i] == high;
  }
  const V scale = vset(t->scale), none = vset(-__builtin_inff());
  V most = none;
  I nan = vsplat(0);
  if (all && t->softcap == 0) {
    for (int j = low; j < high; j++) {
      V x = vload(s + j * pitch) * scale;
      vstore(s + j * pitch, x);
      nan |= x != x;
      most = vmax(x, most);
    }
  } else {
    const I first = iload(start), stop = iload(end);
    for (int j = low; j < high; j++) {
      V x = vload(s + j * pitch) * scale;
      if (t->softcap != 0) x = vtanh(x / vset(t->softcap)) * vset(t->softcap);
      x = vselect((I)((vsplat(j) >= first) & (vsplat(j) < stop)), x, none);
      vstore(s + j * pitch, x);
      nan |= x != x;
      most = vmax(x, most);
    }
  }
  V before = vload(largest);
  I usual = (before > none) & (most > none) & (most <= before + vset(HEADROOM)) & ~nan;
  if (!vall(usual)) {
    float tops[LANES];
    vstore(tops, vselect(nan, vset(__builtin_nanf("")), most));
    for (int i = 0; i < count; i++) {
      float top = tops[i];
      if (top == -__builtin_inff()) {
        to[row + i] = from[row + i];
      } else if (largest[i] == -__builtin_inff()) {
        largest[i] = top;
      } else if (!(top <= largest[i] + HEADROOM)) {
        float factor = exp64((double)largest[i] - top);
        sums[i] *= factor;
        scale_row((float*)t->outputs + (int64_t)(row + i) * t->value_width, t->value_width, factor);
        largest[i] = top;
      }
    }
    before = vload(largest);
  }
  // Minus infinity less itself would be NaN.
  V shift = vselect(before == none, vset(0), before), total = vset(0);
  for (int j = low; j < high; j++) {
    V x = vexp(vload(s + j * pitch) - shift);
    vstore(s + j * pitch, x);
    total = total + x;
  }
  vstore(sums, vload(sums) + total);
}

// Attends over the keys low..high-1 of a block.
template <int TYPE>
static void cached_block(ts_attention_args* t, const float* q, const CachedBlock* b, const CachedBlock* next, int block, int low, int high) {
  float* s = (float*)t->scores;
  const int rows = t->rows, pitch = (rows + LANES - 1) / LANES * LANES;
  int32_t from[TILE_KEYS], to[TILE_KEYS];
  int least_low = high, most_high = low;
  for (int r = 0; r < rows; r++) {
    int start = ((const int32_t*)t->first)[r] - block, end = ((const int32_t*)t->end)[r] - block;
    from[r] = start < low ? low : start > high ? high : start;
    to[r] = end < from[r] ? from[r] : end > high ? high : end;
    if (from[r] == to[r]) continue;
    least_low = from[r] < least_low ? from[r] : least_low;
    most_high = to[r] > most_high ? to[r] : most_high;
  }
  if (least_low >= most_high) return;
  // Rows of a cache lie a power of two apart and share a few sets of the first-level cache, so values, which every row reads,
  // are copied on their way: while the keys are multiplied there is time for it.
  constexpr int BYTES = TYPE == TS_F32 ? 4 : 2;
  const int value_bytes = t->value_width * BYTES;
  uint8_t* values = (uint8_t*)t->values;
  for (int j = least_low; j < most_high; j += CACHED_KEYS) {
    for (int i = j; i < j + CACHED_KEYS && i < most_high; i++)
      for (int d = 0; d < value_bytes; d += 4 * LANES) vstore((float*)(values + i * value_bytes + d), vload((const float*)(b->values[i] + d)));
    if (j + CACHED_KEYS <= most_high) {
      cached_score_keys<TYPE, CACHED_KEYS>(q, rows, b->keys + j, t->depth, s + j * pitch, pitch);
    } else {
      cached_score_keys<TYPE, 1>(q, rows, b->keys + j, t->depth, s + j * pitch, pitch);
    }
  }
  for (int r = 0; r < rows; r += LANES) cached_weights(t, s + r, pitch, r, least_low, most_high, from, to);
  // A line of the next keys and one of the next values per line of these values, in different steps where a line takes several: too
  // many at once would keep the loads of this block waiting.
  constexpr int STEPS = 2 * LANES * BYTES < 64 ? 64 / (2 * LANES * BYTES) : 1;
  for (int c = 0; c < t->value_width; c += 2 * LANES) {
    int step = c / (2 * LANES) % STEPS;
    bool fetch = step < 2;
    const uint8_t* const* next0 = step == 0 ? next->keys : next->values;
    for (int r = 0; r < rows;) {
      int run = 1;
      while (run < CACHED_ROWS && r + run < rows && from[r + run] == from[r] && to[r + run] == to[r]) run++;
      if (from[r] < to[r]) {
        float* acc = (float*)t->outputs + (int64_t)r * t->value_width;
        if (fetch) {
          cached_value_rows<TYPE, CACHED_ROWS, STEPS == 1 ? 2 : 1>(run, s + r, pitch, values, value_bytes, next0, next->values, from[r], to[r],
                                                                   c, acc, t->value_width);
        } else {
          cached_value_rows<TYPE, CACHED_ROWS, 0>(run, s + r, pitch, values, value_bytes, next0, next0, from[r], to[r], c, acc,
                                                  t->value_width);
        }
        fetch = false;
      }
      r += run;
    }
  }
}

template <int TYPE> static void cached_of(ts_attention_args* t) {
  float* q = (float*)t->keys;
  for (int r = 0; r < t->rows; r++)
    cached_query<TYPE>((const float*)t->queries + (int64_t)r * t->query_width, t->depth, q + (int64_t)r * t->depth);
  CachedRuns runs = {(const int64_t*)t->runs, 0};
  CachedBlock blocks[2];
  for (int j = 0; j < TILE_KEYS; j++)
    for (int i = 0; i < 2; i++) blocks[i].keys[j] = blocks[i].values[j] = (const uint8_t*)runs.run[0];
  int low = t->at;
  runs.fill(blocks, low, t->stop < TILE_KEYS ? t->stop : TILE_KEYS);
  for (int first = 0; first < t->stop; first += TILE_KEYS) {
    CachedBlock *now = blocks + first / TILE_KEYS % 2, *next = blocks + (first / TILE_KEYS + 1) % 2;
    int rest = t->stop - first;
    if (rest > TILE_KEYS) runs.fill(next, 0, rest < 2 * TILE_KEYS ? rest - TILE_KEYS : TILE_KEYS);
    cached_block<TYPE>(t, q, now, next, t->block + first, low, rest < TILE_KEYS ? rest : TILE_KEYS);
    low = 0;
  }
}

// Attends over the keys of all runs.
static void attention_cached(ts_attention_args* t) {
  if (t->type == TS_BF16) {
    cached_of<TS_BF16>(t);
  } else {
    cached_of<TS_F32>(t);
  }
}
