// Rows times weights by dot products of BF16, which hold E4M3 exactly: two products per lane and instruction, twice the rate of FP32.
// Each lane is a column; within a block it adds up its pairs in ascending k, whatever the number of rows.
#pragma once

INLINE __m512 dot_pairs(__m512 sum, __m512i weights, __m512i pair) { return _mm512_dpbf16_ps(sum, (__m512bh)weights, (__m512bh)pair); }

// Two elements of a row in every lane.
INLINE __m512i pair_of(const uint16_t* a) {
  int32_t pair;
  __builtin_memcpy(&pair, a, sizeof pair);
  return _mm512_set1_epi32(pair);
}

// BF16 bits of the magnitude of an E4M3 code.
constexpr int e4m3_as_bf16(int code) {
  int exponent = code >> 3, mantissa = code & 7;
  if (code == 0x7F) return 0x7FC0;
  if (exponent > 0) return (exponent + 120) << 7 | mantissa << 4;
  if (mantissa == 0) return 0;
  int top = mantissa >= 4 ? 2 : mantissa >= 2 ? 1 : 0;
  return (top + 118) << 7 | ((mantissa << (7 - top)) & 0x7F);
}

struct CodeBytes {
  alignas(64) uint8_t high[128], low[128];
  constexpr CodeBytes() : high(), low() {
    for (int i = 0; i < 128; i++) {
      high[i] = (uint8_t)(e4m3_as_bf16(i) >> 8);
      low[i] = (uint8_t)(e4m3_as_bf16(i) & 0xFF);
    }
  }
};
static constexpr CodeBytes CODE_BYTES;

// How a step of 64 bytes per 16 columns becomes BF16 pairs along K.
template <int TYPE> struct Pairs;

template <> struct Pairs<TS_BF16> {
  enum { PAIRS = 1 };
  INLINE Pairs start() { return {}; }
  inline __attribute__((always_inline)) void step(const uint8_t* p, __m512i* o) const { o[0] = _mm512_loadu_si512(p); }
};

template <> struct Pairs<TS_E4M3> {
  enum { PAIRS = 2 };
  __m512i high0, high1, low0, low1, sign;
  INLINE Pairs start() {
    return {_mm512_loadu_si512(CODE_BYTES.high), _mm512_loadu_si512(CODE_BYTES.high + 64), _mm512_loadu_si512(CODE_BYTES.low),
            _mm512_loadu_si512(CODE_BYTES.low + 64), _mm512_set1_epi8((char)0x80)};
  }
  inline __attribute__((always_inline)) void step(const uint8_t* p, __m512i* o) const { split(_mm512_loadu_si512(p), o); }
  inline __attribute__((always_inline)) void split(__m512i codes, __m512i* o) const {
    // A permutation of bytes over two registers looks at seven bits of an index: the sign does not matter.
    __m512i high = _mm512_permutex2var_epi8(high0, codes, high1), low = _mm512_permutex2var_epi8(low0, codes, low1);
    high = _mm512_ternarylogic_epi32(high, codes, sign, 0xF8);  // high | (codes & sign)
    o[0] = _mm512_unpacklo_epi8(low, high);
    o[1] = _mm512_unpackhi_epi8(low, high);
  }
};

// How 64 bytes of a row become BF16, in their order.
template <int TYPE> struct RowPairs;

template <> struct RowPairs<TS_BF16> {
  INLINE RowPairs start() { return {}; }
  inline __attribute__((always_inline)) void load(const uint8_t* p, uint16_t* to) const { _mm512_storeu_si512(to, _mm512_loadu_si512(p)); }
};

template <> struct RowPairs<TS_E4M3> {
  Pairs<TS_E4M3> pairs;
  __m512i order;
  INLINE RowPairs start() { return {Pairs<TS_E4M3>::start(), _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7)}; }
  inline __attribute__((always_inline)) void load(const uint8_t* p, uint16_t* to) const {
    // Pairs take the first half of each of four lanes, then the second.
    __m512i halves[2];
    pairs.split(_mm512_permutexvar_epi64(order, _mm512_loadu_si512(p)), halves);
    _mm512_storeu_si512(to, halves[0]);
    _mm512_storeu_si512(to + 32, halves[1]);
  }
};

template <int MR, int NZ>
INLINE void add_scaled(__m512 (*acc)[NZ], const float* scales, float scale, float* c, int stride) {
  for (int m = 0; m < MR; m++) {
    __m512 s = _mm512_set1_ps(scales[m] * scale);
    for (int z = 0; z < NZ; z++) {
      float* to = c + (int64_t)m * stride + 16 * z;
      _mm512_storeu_ps(to, _mm512_fmadd_ps(acc[m][z], s, _mm512_loadu_ps(to)));
    }
  }
}

// MR rows times NZ * 16 columns of a block, weights unpacked in registers.
template <int TYPE, int MR, int NZ, bool FETCH>
INLINE void fused_pairs(const Pairs<TYPE>& pairs, const uint8_t* b, const uint16_t* a, const float* scales, float scale, float* c, int stride) {
  constexpr int PAIRS = Pairs<TYPE>::PAIRS;
  __m512 acc[MR][NZ];
  for (int m = 0; m < MR; m++)
    for (int z = 0; z < NZ; z++) acc[m][z] = _mm512_setzero_ps();
  for (int s = 0; s < TS_BLOCK / (2 * PAIRS); s++) {
    __m512i w[NZ][PAIRS];
    for (int z = 0; z < NZ; z++) {
      if (FETCH) __builtin_prefetch(b + 256 * s + 64 * z + 2 * PREFETCH);
      pairs.step(b + 256 * s + 64 * z, w[z]);
    }
    for (int p = 0; p < PAIRS; p++)
      for (int m = 0; m < MR; m++) {
        __m512i x = pair_of(a + m * TS_BLOCK + 2 * (PAIRS * s + p));
        for (int z = 0; z < NZ; z++) acc[m][z] = dot_pairs(acc[m][z], w[z][p], x);
      }
  }
  add_scaled<MR, NZ>(acc, scales, scale, c, stride);
}

// 1 to 8 rows times the 64 columns of a block.
template <int TYPE, int MR>
INLINE void fused_rows(int rows, const Pairs<TYPE>& pairs, const uint8_t* b, const uint16_t* a, const float* scales, float scale, float* c,
                       int stride, bool fetch) {
  if (rows < MR) {
    if constexpr (MR > 1) fused_rows<TYPE, MR - 1>(rows, pairs, b, a, scales, scale, c, stride, fetch);
  } else {
    constexpr int NZ = MR <= 4 ? 4 : 2;
    for (int z = 0; z < 4; z += NZ) {
      if (fetch) {
        fused_pairs<TYPE, MR, NZ, true>(pairs, b + 64 * z, a, scales, scale, c + 16 * z, stride);
      } else {
        fused_pairs<TYPE, MR, NZ, false>(pairs, b + 64 * z, a, scales, scale, c + 16 * z, stride);
      }
    }
  }
}

// What tiles do beside multiplying, for one block: they unpack the block that is next into another panel, and ask for one that is
// needed later, in units of 64 bytes of E4M3 or 128 of BF16, which needs no unpacking.
enum { UNITS = TS_BLOCK };
struct Beside {
  const uint8_t* next;  // 0 where nothing is next
  const uint8_t* fetch;
  uint8_t* panel;
  int unit;  // the first that is not done
};

// pairs[k / 2][64 columns][2] of a unit.
INLINE void unpack_unit(const Pairs<TS_E4M3>& pairs, const uint8_t* b, int unit, uint8_t* panel) {
  __m512i w[2];
  pairs.step(b + 64 * unit, w);
  panel += unit / 4 * 512 + unit % 4 * 64;
  _mm512_storeu_si512(panel, w[0]);
  _mm512_storeu_si512(panel + 256, w[1]);
}

template <int TYPE> INLINE void beside_unit(const Beside& beside, int unit) {
  if constexpr (TYPE == TS_E4M3) {
    // Beside a tile's sums there are no registers for the tables: they are read where they are used.
    const CodeBytes* t = &CODE_BYTES;
    asm("" : "+r"(t));
    const Pairs<TS_E4M3> pairs = {_mm512_loadu_si512(t->high), _mm512_loadu_si512(t->high + 64), _mm512_loadu_si512(t->low),
                                  _mm512_loadu_si512(t->low + 64), _mm512_set1_epi8((char)0x80)};
    __builtin_prefetch(beside.fetch + 64 * unit);
    unpack_unit(pairs, beside.next, unit, beside.panel);
  } else {
    __builtin_prefetch(beside.fetch + 128 * unit);
    __builtin_prefetch(beside.fetch + 128 * unit + 64);
  }
}

// MR rows times 64 columns; pairs[k / 2][64 columns][2]. Does AHEAD units beside every four pairs.
template <int TYPE, int MR, int AHEAD>
static __attribute__((noinline)) void tile_pairs(const uint8_t* panel, const uint16_t* a, const float* scales, float scale, float* c,
                                                 int stride, const Beside& beside) {
  constexpr int TERMS = 4;
  __m512 acc[MR][4];
  each<MR * 4>(EACH(i) { acc[i / 4][i % 4] = _mm512_setzero_ps(); });
  for (int p = 0; p < TS_BLOCK / 2; p += TERMS) {
    // The rows and results of the next tile.
    __builtin_prefetch((const char*)(a + MR * TS_BLOCK) + 4 * MR * p);
    if (p < TERMS * 4 * MR) __builtin_prefetch(c + (int64_t)(MR + p / 16) * stride + 16 * (p / 4 % 4));
    each<TERMS>(EACH(q) {
      __m512i w[4];
      each<4>(EACH(z) { w[z] = _mm512_loadu_si512(panel + 256 * (p + q) + 64 * z); });
      each<MR>(EACH(m) {
        __m512i x = pair_of(a + m * TS_BLOCK + 2 * (p + q));
        each<4>(EACH(z) { acc[m][z] = dot_pairs(acc[m][z], w[z], x); });
      });
    });
    each<AHEAD>(EACH(i) { beside_unit<TYPE>(beside, beside.unit + p / TERMS * AHEAD + i); });
  }
  add_scaled<MR, 4>(acc, scales, scale, c, stride);
}

template <int TYPE, int MR, int AHEAD>
INLINE void tile_pairs_of(int rows, const uint8_t* panel, const uint16_t* a, const float* scales, float scale, float* c, int stride,
                          const Beside& beside) {
  if (rows == MR) {
    tile_pairs<TYPE, MR, AHEAD>(panel, a, scales, scale, c, stride, beside);
  } else if constexpr (MR > 1) {
    tile_pairs_of<TYPE, MR - 1, AHEAD>(rows, panel, a, scales, scale, c, stride, beside);
  }
}

// Rows up to which weights are unpacked in registers: that costs a fiftieth, where it is done for eight rows at a time.
enum { FUSED_PAIRS = 32 };

template <int TYPE> struct PairPath {
  typedef uint16_t Element;
  // A quarter of the second-level cache of a processor with these instructions.
  enum { ROWS_AT_ONCE = 256 * 1024 };

  // Every task reads its rows anew: 38 cycles for a block of a row, by way of FP32, were a third of all time.
  static void load(int, const uint8_t* row, int64_t k, int count, uint16_t* to) {
    const RowPairs<TYPE> pairs = RowPairs<TYPE>::start();
    constexpr int BYTES = TYPE == TS_E4M3 ? 1 : 2;
    row += k * BYTES;
    uint8_t tail[TS_BLOCK * BYTES] __attribute__((aligned(64)));
    if (count < TS_BLOCK) {
      __builtin_memset(tail, 0, sizeof tail);
      __builtin_memcpy(tail, row, (size_t)count * BYTES);
      row = tail;
    }
    for (int i = 0; i < TS_BLOCK * BYTES; i += 64) pairs.load(row + i, to + i / BYTES);
  }

  static void block(const uint8_t* b, const uint16_t* a, int m, const float* scales, float scale, float* c, int stride, Panels& panels) {
    const Pairs<TYPE> pairs = Pairs<TYPE>::start();
    if (m <= FUSED_PAIRS) {
      const int tiles = (m + 7) / 8;
      for (int i = 0, from = 0; i < tiles; i++) {
        int rows = (m - from + tiles - i - 1) / (tiles - i);
        fused_rows<TYPE, 8>(rows, pairs, b, a + from * TS_BLOCK, scales + from, scale, c + (int64_t)from * stride, stride, i == 0);
        from += rows;
      }
      return;
    }
    // Two panels in turn; a block of BF16 is one as it is.
    constexpr int SIZE = 2 * TS_PANEL * TS_BLOCK;
    uint8_t *mine = (uint8_t*)panels.memory + panels.turn * SIZE, *other = (uint8_t*)panels.memory + (1 - panels.turn) * SIZE;
    Beside beside = {panels.next, panels.fetch, other, 0};
    const uint8_t* panel = b;
    if constexpr (TYPE == TS_E4M3) {
      if (!panels.ready)
        for (int u = 0; u < UNITS; u++) unpack_unit(pairs, b, u, mine);
      panel = mine;
      panels.ready = panels.next != 0;
      panels.turn = 1 - panels.turn;
    }
    const int tiles = (m + 5) / 6, step = TS_BLOCK / 8;
    for (int i = 0, from = 0; i < tiles; i++) {
      int rows = (m - from + tiles - i - 1) / (tiles - i);
      const uint16_t* x = a + from * TS_BLOCK;
      float* to = c + (int64_t)from * stride;
      if (!beside.next || beside.unit >= UNITS) {
        tile_pairs_of<TYPE, 6, 0>(rows, panel, x, scales + from, scale, to, stride, beside);
      } else if (tiles >= UNITS / step) {
        tile_pairs_of<TYPE, 6, 1>(rows, panel, x, scales + from, scale, to, stride, beside);
        beside.unit += step;
      } else {
        tile_pairs_of<TYPE, 6, 2>(rows, panel, x, scales + from, scale, to, stride, beside);
        beside.unit += 2 * step;
      }
      from += rows;
    }
  }
};
