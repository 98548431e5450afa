// Attention of a few BF16 queries over BF16 rows of a cache, by dot products of BF16. All key heads whose rows lie side by side in
// the cache are one tile, so that memory is one stream; what comes next is fetched in the order of memory while a block is
// multiplied. Nothing is copied: a lane of a score's sum is a pair of elements of the key, and values are paired in registers.
#pragma once

// Queries of a key head are cut into groups of at most eight rows. Scores and weights of a group lie in the order
// [pair of keys][row][2], rows rounded up to a power of two, so that a pair of weights is what a lane multiplies a pair of values by.
enum {
  PAIRED_ROWS = 8,
  PAIRED_PART = 16,   // keys whose values are added up at a time: more of them would be read too far out of memory's order
  PAIRED_AHEAD = 32,  // rows of the cache between what is fetched and what is multiplied
};

// Rows of two blocks as they are read: keys, values, keys, values. Asks for their lines ahead of their use.
struct PairedFetch {
  const uint8_t* const* rows;
  int64_t bytes[2];
  int at, stop;
  const uint8_t *line, *end;

  inline __attribute__((always_inline)) void go(int to) {
    at = to;
    line = rows[at % (4 * TILE_KEYS)];
    end = line + bytes[at / TILE_KEYS % 2];
  }

  // Two lines. Behind the last row they are some that are there already; one behind another row does no harm.
  inline __attribute__((always_inline)) void step() {
    _mm_prefetch((const char*)line, _MM_HINT_T0);
    _mm_prefetch((const char*)line + 64, _MM_HINT_T0);
    line += 128;
    if (__builtin_expect(line >= end, 0)) go(at + 1 < stop ? at + 1 : at);
  }
};

// Lanes whose number has a bit of DISTANCE take sums of b, the others of a: of each such lane and the one that differs in that bit.
template <int DISTANCE> INLINE __m512 paired_sums(__m512 a, __m512 b) {
  if constexpr (DISTANCE == 8) return _mm512_mask_blend_ps(0xFF00, a, b) + _mm512_shuffle_f32x4(a, b, 0x4E);
  if constexpr (DISTANCE == 4)
    return _mm512_mask_blend_ps(0xF0F0, a, b) +
           _mm512_permutex2var_ps(a, _mm512_setr_epi32(4, 5, 6, 7, 16, 17, 18, 19, 12, 13, 14, 15, 24, 25, 26, 27), b);
  if constexpr (DISTANCE == 2) return _mm512_mask_blend_ps(0xCCCC, a, b) + _mm512_shuffle_ps(a, b, 0x4E);
}

// How many pairs of keys are multiplied by ROWS queries at a time, and vectors of scores that this gives.
template <int ROWS> struct PairedShape { enum { PAIRS = ROWS == 1 ? 8 : 16 / ROWS, KEYS = 2 * PAIRS, VECTORS = KEYS * ROWS / LANES }; };

// Dot products of ROWS queries, 1, 2, 4 or 8, with keys, to vectors of lanes (pair of keys, row, key of the pair).
template <int ROWS>
INLINE void paired_scores(const uint8_t* q, const uint8_t* const* keys, int64_t offset, int lines, float* s, PairedFetch& fetch) {
  constexpr int PAIRS = PairedShape<ROWS>::PAIRS, VECTORS = PairedShape<ROWS>::VECTORS, SUMS = PAIRS * ROWS;
  __m512 acc[SUMS];
  for (int i = 0; i < SUMS; i++) acc[i] = _mm512_setzero_ps();
  for (int d = 0; d < lines; d++, q += 2 * ROWS * 64) {
    __m512i x[2][PAIRS];
    for (int j = 0; j < PAIRS; j++) {
      __m512i even = _mm512_loadu_si512(keys[2 * j] + offset + d * 64), odd = _mm512_loadu_si512(keys[2 * j + 1] + offset + d * 64);
      x[0][j] = _mm512_unpacklo_epi32(even, odd);
      x[1][j] = _mm512_unpackhi_epi32(even, odd);
      fetch.step();
    }
    for (int half = 0; half < 2; half++)
      for (int m = 0; m < ROWS; m++) {
        __m512i y = (__m512i)held((V)_mm512_load_si512(q + (half * ROWS + m) * 64));
        for (int j = 0; j < PAIRS; j++) acc[j * ROWS + m] = dot_pairs(acc[j * ROWS + m], x[half][j], y);
      }
  }
  for (int v = 0; v < VECTORS; v++) {
    __m512* a = acc + 8 * v;
    for (int i = 0; i < 4; i++) a[i] = paired_sums<8>(a[i], a[i + 4]);
    for (int i = 0; i < 2; i++) a[i] = paired_sums<4>(a[i], a[i + 2]);
    vstore(s + v * LANES, paired_sums<2>(a[0], a[1]));
  }
}

// sums[m][2][16] += sum over keys j in from..to-1 of p[m][j] v[j] for MR rows and 32 columns. EDGES: the first or the last key has
// no pair.
template <int MR, bool EDGES>
static void paired_values(const uint16_t* p, int p_pitch, const uint8_t* const* values, int64_t offset, int from, int to, float* sums,
                          PairedFetch& fetch) {
  PairedFetch f = fetch;
  __m512 sum[MR][2];
  for (int m = 0; m < MR; m++)
    for (int z = 0; z < 2; z++) sum[m][z] = _mm512_load_ps(sums + m * 32 + z * 16);
  p += from / 2 * p_pitch;
  for (int j = from & ~1; j < to; j += 2, p += p_pitch) {
    __m512i x, y;
    if constexpr (EDGES) {
      // A key that is not seen counts as zeros: its value may be infinite.
      x = _mm512_maskz_mov_epi16(j < from ? 0 : ~0u, _mm512_loadu_si512(values[j] + offset));
      y = _mm512_maskz_mov_epi16(j + 1 < to ? ~0u : 0, _mm512_loadu_si512(values[j + 1] + offset));
    } else {
      x = _mm512_loadu_si512(values[j] + offset);
      y = _mm512_loadu_si512(values[j + 1] + offset);
    }
    __m512i low = _mm512_unpacklo_epi16(x, y), high = _mm512_unpackhi_epi16(x, y);
    f.step();
    for (int m = 0; m < MR; m++) {
      __m512i w = (__m512i)held((V)pair_of(p + 2 * m));
      sum[m][0] = dot_pairs(sum[m][0], low, w);
      sum[m][1] = dot_pairs(sum[m][1], high, w);
    }
  }
  fetch = f;
  for (int m = 0; m < MR; m++)
    for (int z = 0; z < 2; z++) _mm512_store_ps(sums + m * 32 + z * 16, sum[m][z]);
}

template <int MR>
INLINE void paired_values_of(int rows, const uint16_t* p, int p_pitch, const uint8_t* const* values, int64_t offset, int from, int to,
                             float* sums, PairedFetch& fetch) {
  if (rows == MR) {
    if ((from | to) % 2 == 0) {
      paired_values<MR, false>(p, p_pitch, values, offset, from, to, sums, fetch);
    } else {
      paired_values<MR, true>(p, p_pitch, values, offset, from, to, sums, fetch);
    }
  } else if constexpr (MR > 1) {
    paired_values_of<MR - 1>(rows, p, p_pitch, values, offset, from, to, sums, fetch);
  }
}

// e^x for an x that is not large, NaN included; the polynomial of vexp.
INLINE V vexp_of_weight(V x) {
  x = vmax(vset(-104), x);
  V n = _mm512_roundscale_ps(x * vset(0x1.715476p0f), 0);
  V r = vfma(n, vset(-0x1.62e4p-1f), x);
  r = vfma(n, vset(-0x1.7f7d1cp-20f), r);
  V q = vfma(vset(0x1.6a2436p-10f), r, vset(0x1.1239e0p-7f));
  q = vfma(q, r, vset(0x1.5558f2p-5f));
  q = vfma(q, r, vset(0x1.555492p-3f));
  q = vfma(q, r, vset(0x1.fffffcp-2f));
  V power = vfma(q * r, r, r) + vset(1);
  return _mm512_scalef_ps(power, n);
}

// Rows of a key head that are computed together.
struct PairedGroup {
  int head, first, rows;
  const uint8_t* q;  // [32 elements][rows rounded up]
  float* s;          // [pair of keys][rows rounded up][2], half as long as BF16
};

// A block's keys and what the rows of the tile see of them.
struct PairedBlock {
  const CachedBlock* memory;
  int low, high;
  int32_t from[TILE_KEYS + LANES], to[TILE_KEYS + LANES];
};

// Makes room for the scores of a group, vectors of lanes (pair of keys, row, key of the pair).
template <int ROWS>
static __attribute__((noinline)) void paired_rescale(ts_attention_args* t, const PairedGroup& g, int start, int stop) {
  float *largest = (float*)t->largest + g.first, *sums = (float*)t->sums + g.first;
  for (int m = 0; m < g.rows; m++) {
    float top = -__builtin_inff();
    for (int j = start; j < stop; j++) {
      float x = g.s[j / 2 * 2 * ROWS + 2 * m + j % 2];
      top = x > top || x != x ? x : top;
    }
    if (largest[m] == -__builtin_inff()) {
      largest[m] = top;
    } else if (!(top <= largest[m] + HEADROOM)) {
      float factor = exp64((double)largest[m] - top);
      sums[m] *= factor;
      scale_row((float*)t->outputs + (int64_t)(g.first + m) * t->value_width, t->value_width, factor);
      largest[m] = top;
    }
  }
}

// Turns the scores of a group at keys start..stop-1, multiples of 16, into weights in BF16, in place.
template <int ROWS> static void paired_weights(ts_attention_args* t, const PairedGroup& g, PairedBlock* b, int start, int stop) {
  const int vectors = (stop - start) * ROWS / LANES;
  float *s = g.s + start * ROWS, *largest = (float*)t->largest + g.first, *sums = (float*)t->sums + g.first;
  bool all = t->softcap == 0;
  for (int m = 0; m < g.rows; m++) all = all && b->from[g.first + m] == start && b->to[g.first + m] == stop;
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i row = _mm512_and_si512(_mm512_srli_epi32(lane, 1), _mm512_set1_epi32(ROWS - 1));
  const __mmask16 rows = (__mmask16)((1 << g.rows) - 1);
  auto of_rows = [&](const float* x) __attribute__((always_inline)) {
    return _mm512_permutexvar_ps(row, _mm512_maskz_mov_ps(rows, vload(x)));
  };
  const V scale = vset(t->scale), none = vset(-__builtin_inff());
  V most = of_rows(largest), limit = most + vset(HEADROOM);
  __mmask16 above = 0;
  if (all) {
    for (int i = 0; i < vectors; i++) {
      V x = vload(s + i * LANES) * scale;
      vstore(s + i * LANES, x);
      above |= _mm512_cmp_ps_mask(x, limit, _CMP_NLE_UQ);
    }
  } else {
    const I from = (I)of_rows((const float*)b->from + g.first), to = (I)of_rows((const float*)b->to + g.first);
    constexpr int SHIFT = ROWS == 8 ? 3 : ROWS / 2;
    I key = vsplat(start) + (((I)lane >> SHIFT) & vsplat(14)) + ((I)lane & vsplat(1));
    for (int i = 0; i < vectors; i++, key += vsplat(LANES / ROWS)) {
      V x = vload(s + i * LANES) * scale;
      if (t->softcap != 0) x = vtanh(x / vset(t->softcap)) * vset(t->softcap);
      x = vselect((I)((key >= from) & (key < to)), x, none);
      vstore(s + i * LANES, x);
      above |= _mm512_cmp_ps_mask(x, limit, _CMP_NLE_UQ);
    }
  }
  if (above != 0) {
    paired_rescale<ROWS>(t, g, start, stop);
    most = of_rows(largest);
  }
  // Minus infinity less itself would be NaN.
  const V shift = vselect(most == none, vset(0), most);
  // A key adds to sum j % 16, whatever the number of rows.
  V total[ROWS];
  for (int i = 0; i < ROWS; i++) total[i] = vset(0);
  for (int i = 0; i < vectors; i += ROWS)
    for (int z = 0; z < ROWS; z++) {
      V x = vexp_of_weight(vload(s + (i + z) * LANES) - shift);
      total[z] = total[z] + x;
      store_bf16((uint16_t*)(s + (i + z) * LANES / 2), x);
    }
  for (int z = ROWS / 2; z > 0; z /= 2)
    for (int i = 0; i < z; i++) total[i] = total[i] + total[i + z];
  V sum = total[0];
  for (int i = LANES / 2; i >= 2 * ROWS; i /= 2)
    sum = sum + (V)_mm512_permutexvar_ps(_mm512_xor_si512(lane, _mm512_set1_epi32(i)), sum);
  sum = sum + (V)_mm512_permutexvar_ps(_mm512_xor_si512(lane, _mm512_set1_epi32(1)), sum);
  sum = _mm512_permutexvar_ps(_mm512_slli_epi32(lane, 1), sum);
  alignas(64) float lanes[LANES];
  vstore(lanes, sum);
  for (int m = 0; m < g.rows; m++) sums[m] += lanes[m];
  for (int m = 0; m < g.rows; m++)
    if (largest[m] == -__builtin_inff()) b->to[g.first + m] = b->from[g.first + m];
}

// Finds the keys that are seen among places low..high-1 of a block.
static void paired_ranges(const ts_attention_args* t, int block, int low, int high, PairedBlock* b) {
  b->low = high;
  b->high = low;
  for (int r = 0; r < t->rows; r++) {
    int start = ((const int32_t*)t->first)[r] - block, end = ((const int32_t*)t->end)[r] - block;
    b->from[r] = start < low ? low : start > high ? high : start;
    b->to[r] = end < b->from[r] ? b->from[r] : end > high ? high : end;
    if (b->from[r] == b->to[r]) continue;
    b->low = b->from[r] < b->low ? b->from[r] : b->low;
    b->high = b->to[r] > b->high ? b->to[r] : b->high;
  }
}

// Scores of all groups, keys in the order of memory.
template <int ROWS>
static void paired_all_scores(const ts_attention_args* t, const PairedGroup* groups, int count, const uint8_t* const* keys, int start,
                              int stop, PairedFetch& fetch) {
  PairedFetch f = fetch;
  for (int j = start; j < stop; j += PairedShape<ROWS>::KEYS)
    for (int i = 0; i < count; i++)
      paired_scores<ROWS>(groups[i].q, keys + j, groups[i].head * t->key_step, t->depth / 32, groups[i].s + j * ROWS, f);
  fetch = f;
}

// Adds up the weighted values of a group among keys low..high-1.
template <int ROWS>
static void paired_sums_of_values(ts_attention_args* t, const PairedGroup& g, const PairedBlock* b, int start, int low, int high,
                                  PairedFetch& fetch) {
  const uint16_t* p = (const uint16_t*)(g.s + start * ROWS) - start * ROWS;
  const int32_t *from = b->from + g.first, *to = b->to + g.first;
  float* sums = (float*)t->values + g.first * t->value_width;
  for (int c = 0; c < t->value_width; c += 32)
    for (int r = 0; r < g.rows;) {
      int run = 1;
      while (r + run < g.rows && from[r + run] == from[r] && to[r + run] == to[r]) run++;
      const int begin = from[r] > low ? from[r] : low, end = to[r] < high ? to[r] : high;
      if (begin < end)
        paired_values_of<ROWS>(run, p + 2 * r, 2 * ROWS, b->memory->values, g.head * t->value_step + 2 * c, begin, end,
                               sums + c * g.rows + r * 32, fetch);
      r += run;
    }
}

// Adds the sums of a block to the outputs, and forgets them.
static void paired_outputs(ts_attention_args* t, const PairedGroup& g) {
  float* sums = (float*)t->values + g.first * t->value_width;
  const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  for (int c = 0; c < t->value_width; c += 32)
    for (int m = 0; m < g.rows; m++, sums += 32) {
      float* out = (float*)t->outputs + (int64_t)(g.first + m) * t->value_width + c;
      // Columns 0..3 and 4..7 of each eight lie in different vectors.
      __m512d a = _mm512_load_pd((const double*)sums), b = _mm512_load_pd((const double*)sums + 8);
      vstore(out, vload(out) + (V)_mm512_permutex2var_pd(a, low, b));
      vstore(out + LANES, vload(out + LANES) + (V)_mm512_permutex2var_pd(a, high, b));
      vstore(sums, vset(0));
      vstore(sums + LANES, vset(0));
    }
}

// Cuts the rows of each head into groups and brings their queries into order; returns the number of groups.
template <int ROWS> static int paired_groups(const ts_attention_args* t, PairedGroup* groups) {
  const int each = t->rows / t->heads;
  uint8_t* q = (uint8_t*)t->keys;
  float* s = (float*)t->scores;
  int count = 0;
  for (int h = 0; h < t->heads; h++)
    for (int r = 0; r < each; r += ROWS) {
      const int rows = each - r < ROWS ? each - r : ROWS;
      groups[count++] = {h, h * each + r, rows, q, s};
      for (int d = 0; d < t->depth; d += 32)
        for (int m = 0; m < ROWS; m++) {
          const float* row = (const float*)t->queries + (int64_t)(h * each + r + m) * t->query_width + d;
          alignas(64) uint16_t line[32];
          store_bf16(line, m < rows ? vload(row) : vset(0));
          store_bf16(line + LANES, m < rows ? vload(row + LANES) : vset(0));
          __m512i x = _mm512_load_si512(line);
          uint8_t* to = q + (d / 32 * 2 * ROWS + m) * 64;
          _mm512_store_si512(to, _mm512_unpacklo_epi32(x, x));
          _mm512_store_si512(to + ROWS * 64, _mm512_unpackhi_epi32(x, x));
        }
      q += ROWS * t->depth * 4;
      s += ROWS * TILE_KEYS;
    }
  return count;
}

template <int ROWS> static void attention_paired_rows(ts_attention_args* t) {
  PairedGroup groups[TILE_KEYS];
  const int count = paired_groups<ROWS>(t, groups);
  __builtin_memset((float*)t->values, 0, (size_t)t->rows * t->value_width * sizeof(float));
  CachedRuns runs = {(const int64_t*)t->runs, 0};
  CachedBlock blocks[2];
  static_assert(sizeof blocks == 4 * TILE_KEYS * sizeof(uint8_t*), "rows to fetch are one list");
  // Places without a key repeat one: what they hold is read, and weighs nothing.
  for (int j = 0; j < TILE_KEYS; j++)
    for (int i = 0; i < 2; i++) {
      blocks[i].keys[j] = (const uint8_t*)runs.run[0];
      blocks[i].values[j] = (const uint8_t*)runs.run[1];
    }
  PairedFetch fetch;
  fetch.rows = blocks[0].keys;
  fetch.bytes[0] = (t->heads - 1) * t->key_step + 2 * t->depth;
  fetch.bytes[1] = (t->heads - 1) * t->value_step + 2 * t->value_width;
  int low = t->at;
  runs.fill(blocks, low, t->stop < TILE_KEYS ? t->stop : TILE_KEYS);
  fetch.stop = TILE_KEYS + (t->stop < TILE_KEYS ? t->stop : TILE_KEYS);
  fetch.go(low);
  for (int lead = 0; lead < PAIRED_AHEAD * fetch.bytes[1]; lead += 128) fetch.step();
  for (int first = 0; first < t->stop; first += TILE_KEYS) {
    const int turn = first / TILE_KEYS;
    CachedBlock *now = blocks + turn % 2, *next = blocks + (turn + 1) % 2;
    const int rest = t->stop - first - TILE_KEYS, coming = rest < 0 ? 0 : rest < TILE_KEYS ? rest : TILE_KEYS;
    if (coming > 0) {
      runs.fill(next, 0, coming);
      fetch.stop = (2 * turn + 3) * TILE_KEYS + coming;
    }
    PairedBlock b;
    b.memory = now;
    paired_ranges(t, t->block + first, low, t->stop - first < TILE_KEYS ? t->stop - first : TILE_KEYS, &b);
    low = 0;
    if (b.low == b.high) continue;
    const int start = b.low / LANES * LANES, stop = (b.high + LANES - 1) / LANES * LANES;
    paired_all_scores<ROWS>(t, groups, count, now->keys, start, stop, fetch);
    for (int i = 0; i < count; i++) paired_weights<ROWS>(t, groups[i], &b, start, stop);
    for (int j = start; j < stop; j += PAIRED_PART)
      for (int i = 0; i < count; i++) paired_sums_of_values<ROWS>(t, groups[i], &b, start, j, j + PAIRED_PART, fetch);
    for (int i = 0; i < count; i++) paired_outputs(t, groups[i]);
  }
}

// Attends over the keys of all runs.
static void attention_paired(ts_attention_args* t) {
  const int each = t->rows / t->heads;
  if (each > 4) {
    attention_paired_rows<8>(t);
  } else if (each > 2) {
    attention_paired_rows<4>(t);
  } else if (each > 1) {
    attention_paired_rows<2>(t);
  } else {
    attention_paired_rows<1>(t);
  }
}
