// Rows times weights in FP32, for any vector width. The including file has defined the vectors of its instruction set.
//
// Packed weights: a panel of 64 rows (columns of the result) is a sequence of blocks of 128 elements along K; a block is a
// sequence of steps of 256 bytes, 4, 2 or 1 elements of all 64 rows for E4M3, BF16 and F32. Plain weights are brought into this
// order block by block, so both give the same bits.
//
// A product of a block is added up in ascending k from zero, then added to the result with one fused multiply-add by its scale,
// whatever the number of rows: the bits of a row do not depend on the rows beside it.
#include "pack.h"
#include "rows.h"

static const int64_t PREFETCH = 8192;

// Calls f with the numbers 0 to N - 1, each a constant. The compiler unrolls a loop too late: an array that it indexes has a place in
// memory by then, where every pass of an outer loop leaves its sums and fetches them again.
template <int I> struct Number {
  constexpr operator int() const { return I; }
};
template <int N, int I = 0, class F> INLINE void each(const F& f) {
  if constexpr (I < N) {
    f(Number<I>());
    each<N, I + 1>(f);
  }
}
#define EACH(name) [&](auto name) __attribute__((always_inline))

// How LANES columns by STEP elements along K, 4 LANES adjacent bytes, become vectors of columns.
template <int TYPE> struct Weight;

template <> struct Weight<TS_F32> {
  enum { STEP = 1 };
  static constexpr float UNDO = 1;
  typedef V Loaded;
  INLINE Loaded load(const uint8_t* p, NanTrace&) { return vload((const float*)p); }
  INLINE V word(const Loaded& x, int) { return x; }
  INLINE void unpack(const uint8_t* p, float* to, int, NanTrace&) { vstore(to, vload((const float*)p)); }
};

template <> struct Weight<TS_BF16> {
  enum { STEP = 2 };
  static constexpr float UNDO = 1;
  typedef I Loaded;
  INLINE Loaded load(const uint8_t* p, NanTrace&) { return iload(p); }
  INLINE V word(const Loaded& x, int k) { return k == 0 ? (V)(x << 16) : (V)(x & (int32_t)0xFFFF0000); }
  INLINE void unpack(const uint8_t* p, float* to, int pitch, NanTrace& trace) {
    I x = load(p, trace);
    for (int k = 0; k < STEP; k++) vstore(to + k * pitch, word(x, k));
  }
};

// Codes keep their narrow exponent bias (2^-120), rows are raised by 2^60 and the rest is undone in the sum: all of them are
// powers of two and no product leaves the normal range, so nothing is rounded. Subnormal codes are subnormal FP32 numbers:
// with 7 % of them a block of 66 rows took a fifth more time on Zen 3.
template <> struct Weight<TS_E4M3> {
  enum { STEP = 4 };
  static constexpr float UNDO = 0x1p60f;
  typedef E4m3Halves Loaded;
  INLINE Loaded load(const uint8_t* p, NanTrace& trace) { return e4m3_halves(p, trace); }
  INLINE V word(const Loaded& x, int k) { return e4m3_word(x, k); }
  INLINE void unpack(const uint8_t* p, float* to, int pitch, NanTrace& trace) { e4m3_unpack(p, to, pitch, trace); }
};

// c += sums * scales.
template <int TYPE, int MR, int NV>
INLINE void join_sums(V (*acc)[NV], const float* scales, float scale, float* c, int stride) {
  each<MR>(EACH(m) {
    V s = vset(scales[m] * scale);
    each<NV>(EACH(v) {
      float* to = c + (int64_t)m * stride + v * LANES;
      V sum = Weight<TYPE>::UNDO == 1 ? acc[m][v] : acc[m][v] * Weight<TYPE>::UNDO;
      vstore(to, vfma(sum, s, vload(to)));
    });
  });
}

// Hides where a pointer comes from: what was read through it before is read again, where keeping it would take a register.
INLINE const float* read_again(const float* p) {
  asm("" : "+r"(p));
  return p;
}

// MR rows times NV vectors of columns of a block, weights unpacked in registers.
template <int TYPE, int MR, int NV>
INLINE void fused(const uint8_t* b, const float* a, const float* scales, float scale, float* c, int stride, NanTrace& trace) {
  constexpr int STEP = Weight<TYPE>::STEP, GROUP = fused_group(MR);
  V acc[MR][NV];
  each<MR * NV>(EACH(i) { acc[i / NV][i % NV] = vset(0); });
  for (int s = 0; s < TS_BLOCK / STEP; s++)
    each<NV / GROUP>(EACH(n) {
      const float* row = read_again(a + s * STEP);
      typename Weight<TYPE>::Loaded x[GROUP];
      each<GROUP>(EACH(g) {
        const uint8_t* p = b + 256 * s + 4 * LANES * (n * GROUP + g);
        if (4 * LANES * (n * GROUP + g) % 64 == 0) __builtin_prefetch(p + PREFETCH);
        x[g] = Weight<TYPE>::load(p, trace);
      });
      each<STEP>(EACH(k) {
        V w[GROUP];
        each<GROUP>(EACH(g) { w[g] = Weight<TYPE>::word(x[g], k); });
        each<MR>(EACH(m) {
          V f = vset(row[m * TS_BLOCK + k]);
          each<GROUP>(EACH(g) { vadd_product(acc[m][n * GROUP + g], w[g], f); });
        });
      });
    });
  join_sums<TYPE, MR>(acc, scales, scale, c, stride);
}

template <int TYPE, int MR>
static void fused_block(const uint8_t* b, const float* a, const float* scales, float scale, float* c, int stride, NanTrace& found) {
  constexpr int NV = fused_vectors(MR);
  // A register: through the reference every step would wait for the store of the step before.
  NanTrace trace = found;
  for (int v = 0; v < TS_PANEL / LANES; v += NV)
    fused<TYPE, MR, NV>(b + 4 * LANES * v, a, scales, scale, c + LANES * v, stride, trace);
  found = trace;
}

// Unpacks VECTORS vectors of columns of step s of a block: panel[k][columns].
template <int TYPE, int VECTORS>
INLINE void unpack_step(const uint8_t* b, int s, float* panel, NanTrace& trace) {
  constexpr int STEP = Weight<TYPE>::STEP;
  for (int v = 0; v < VECTORS; v++) {
    const uint8_t* p = b + 256 * s + 4 * LANES * v;
    if (4 * LANES * v % 64 == 0) __builtin_prefetch(p + PREFETCH);
    Weight<TYPE>::unpack(p, panel + (s * STEP * TILE_VECTORS + v) * LANES, TILE_VECTORS * LANES, trace);
  }
}

// Unpacks TILE_VECTORS vectors of columns of a block.
template <int TYPE>
static void unpack_panel(const uint8_t* b, float* panel, NanTrace& found) {
  NanTrace trace = found;
  for (int s = 0; s < TS_BLOCK / Weight<TYPE>::STEP; s++) unpack_step<TYPE, TILE_VECTORS>(b, s, panel, trace);
  found = trace;
}

// MR rows times TILE_VECTORS vectors of columns, k terms; a's rows are a_pitch apart, b's b_pitch.
template <int MR>
INLINE void tile_sums(const float* a, int a_pitch, const float* b, int b_pitch, int k, V (*acc)[TILE_VECTORS]) {
  for (int m = 0; m < MR; m++)
    for (int v = 0; v < TILE_VECTORS; v++) acc[m][v] = vset(0);
  for (int p = 0; p < k; p++) {
    V w[TILE_VECTORS];
    for (int v = 0; v < TILE_VECTORS; v++) w[v] = vload(b + (int64_t)p * b_pitch + v * LANES);
    for (int m = 0; m < MR; m++) {
      V x = vset(a[(int64_t)m * a_pitch + p]);
      for (int v = 0; v < TILE_VECTORS; v++) acc[m][v] = vfma(w[v], x, acc[m][v]);
    }
  }
}

// Where the panel that is multiplied next comes from and goes to.
struct NextPanel {
  const uint8_t* from;
  float* to;
};

// Multiplies a panel, and unpacks VECTORS vectors of columns of the next one meanwhile: the units that shift and shuffle have
// nothing else to do.
template <int TYPE, int MR, int VECTORS>
static __attribute__((noinline)) void tile(const float* a, const float* panel, const float* scales, float scale, float* c, int stride, NextPanel next, NanTrace& found) {
  constexpr int TERMS = 4, STEPS = TERMS / Weight<TYPE>::STEP;
  V acc[MR][TILE_VECTORS];
  NanTrace trace = found;
  each<MR * TILE_VECTORS>(EACH(i) { acc[i / TILE_VECTORS][i % TILE_VECTORS] = vset(0); });
  for (int p = 0; p < TS_BLOCK; p += TERMS) {
    each<TERMS>(EACH(k) {
      V w[TILE_VECTORS];
      each<TILE_VECTORS>(EACH(v) { w[v] = vload(panel + ((p + k) * TILE_VECTORS + v) * LANES); });
      each<MR>(EACH(m) {
        V x = vset(a[m * TS_BLOCK + p + k]);
        each<TILE_VECTORS>(EACH(v) { vadd_product(acc[m][v], w[v], x); });
      });
    });
    each<STEPS>(EACH(s) { unpack_step<TYPE, VECTORS>(next.from, p / TERMS * STEPS + s, next.to, trace); });
  }
  found = trace;
  join_sums<TYPE, MR>(acc, scales, scale, c, stride);
}

template <int TYPE, int MR, int VECTORS>
INLINE void tile_of(int rows, const float* a, const float* panel, const float* scales, float scale, float* c, int stride, NextPanel next,
                    NanTrace& trace) {
  if (rows == MR) {
    tile<TYPE, MR, VECTORS>(a, panel, scales, scale, c, stride, next, trace);
  } else if constexpr (MR > 1) {
    tile_of<TYPE, MR - 1, VECTORS>(rows, a, panel, scales, scale, c, stride, next, trace);
  }
}

template <int TYPE, int MR>
INLINE void fused_of(int rows, const uint8_t* b, const float* a, const float* scales, float scale, float* c, int stride, NanTrace& trace) {
  if (rows == MR) {
    fused_block<TYPE, MR>(b, a, scales, scale, c, stride, trace);
  } else if constexpr (MR > 1) {
    fused_of<TYPE, MR - 1>(rows, b, a, scales, scale, c, stride, trace);
  }
}

// Unpacked panels, two in turn, and what of the next block is unpacked already.
struct Panels {
  float* memory;
  const uint8_t* next;  // the block that is multiplied after this one; 0 if that is not known
  const uint8_t* fetch;  // a block that is multiplied soon, at least 16 KB later; this one near the end
  bool ready;           // whether this block's first panel is unpacked
  NanTrace trace;       // of all blocks so far: once it has found something, each is searched
  int turn;             // which of the two a product of pairs unpacks its block into
};

// Whether unpacking a panel is work that shall be hidden between multiply-adds. A tile has two vectors of columns then: the only tile
// unpacks both, or each of the first two one.
template <int TYPE> constexpr bool ahead() { return UNPACK_AHEAD && TYPE != TS_F32; }

// One block of 64 columns for more rows than are multiplied without a panel.
template <int TYPE>
static void tiled_block(const uint8_t* b, const float* a, int m, const float* scales, float scale, float* c, int stride, Panels& panels) {
  constexpr int COLUMNS = TILE_VECTORS * LANES, SIZE = COLUMNS * TS_BLOCK;
  static_assert(TS_PANEL / COLUMNS % 2 == 0, "a block starts with the first panel");
  static_assert(!UNPACK_AHEAD || TILE_VECTORS == 2, "who unpacks what");
  if (!panels.ready) unpack_panel<TYPE>(b, panels.memory, panels.trace);
  const int tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
  for (int g = 0; g < TS_PANEL; g += COLUMNS) {
    const int odd = g / COLUMNS % 2;
    const float* panel = panels.memory + odd * SIZE;
    NextPanel next = {g + COLUMNS < TS_PANEL ? b + 4 * (g + COLUMNS) : panels.next, panels.memory + (1 - odd) * SIZE};
    for (int i = 0, from = 0; i < tiles; i++) {
      const int rows = (m - from + tiles - i - 1) / (tiles - i);
      const float *x = a + from * TS_BLOCK, *s = scales + from;
      float* to = c + (int64_t)from * stride + g;
      if constexpr (ahead<TYPE>()) {
        if (next.from && tiles < TILE_VECTORS) {
          tile_of<TYPE, TILE_ROWS, TILE_VECTORS>(rows, x, panel, s, scale, to, stride, next, panels.trace);
        } else if (next.from && i < TILE_VECTORS) {
          tile_of<TYPE, TILE_ROWS, 1>(rows, x, panel, s, scale, to, stride, {next.from + 4 * LANES * i, next.to + LANES * i}, panels.trace);
        } else {
          tile_of<TYPE, TILE_ROWS, 0>(rows, x, panel, s, scale, to, stride, next, panels.trace);
        }
      } else {
        tile_of<TYPE, TILE_ROWS, 0>(rows, x, panel, s, scale, to, stride, next, panels.trace);
      }
      from += rows;
    }
    if (!ahead<TYPE>() && next.from) unpack_panel<TYPE>(next.from, next.to, panels.trace);
  }
  panels.ready = panels.next != 0;
}

// One block of 64 columns: c += (a b) * scales.
template <int TYPE>
static void fp32_block(const uint8_t* b, const float* a, int m, const float* scales, float scale, float* c, int stride, Panels& panels) {
  if (m <= FUSED_ROWS) {
    fused_of<TYPE, FUSED_ROWS>(m, b, a, scales, scale, c, stride, panels.trace);
  } else {
    tiled_block<TYPE>(b, a, m, scales, scale, c, stride, panels);
  }
  if (TYPE == TS_E4M3 && trace_found(panels.trace)) poison(b, m, c, stride);
}

// 128 elements of a row, or count and zeros behind them, as FP32 times a factor.
static void load_row_block(int type, const uint8_t* row, int64_t k, int count, float factor, float* to) {
  row += k * element_bytes(type);
  int i = 0;
  for (; i <= count - LANES; i += LANES) vstore(to + i, load_typed(type, row, i) * vset(factor));
  if (i < count) {
    vstore(to + i, load_tail(type, row, i, count - i) * vset(factor));
    i += LANES;
  }
  for (; i < TS_BLOCK; i += LANES) vstore(to + i, vset(0));
}

// How a product reads its rows and multiplies a block.
template <int TYPE> struct Fp32Path {
  typedef float Element;
  // They stay in the second-level cache, beside the result and what is read ahead.
  enum { ROWS_AT_ONCE = 128 * 1024 };
  static void load(int type, const uint8_t* row, int64_t k, int count, float* to) {
    load_row_block(type, row, k, count, TYPE == TS_E4M3 ? 0x1p60f : 1.0f, to);
  }
  static void block(const uint8_t* b, const float* a, int m, const float* scales, float scale, float* c, int stride, Panels& panels) {
    fp32_block<TYPE>(b, a, m, scales, scale, c, stride, panels);
  }
};

// Blocks of packed weights in the order in which they are multiplied: first..end-1 of each panel.
struct PackedBlocks {
  const uint8_t* weight;
  int64_t size, blocks, first, end;
  int panels, panel;
  int64_t block;

  const uint8_t* address() const { return panel < panels ? weight + (panel * blocks + block) * size : 0; }
  void step() {
    if (++block < end) return;
    block = first;
    panel++;
  }
};

// Bytes of scratch: unpacked rows, their scales, a block in packed order, two panels of unpacked weights.
enum { ROW_BYTES = 448 * 1024, SCALE_BYTES = 64 * 1024, BLOCK_BYTES = 32 * 1024, PANEL_BYTES = 64 * 1024 };
static_assert(ROW_BYTES + SCALE_BYTES + BLOCK_BYTES + PANEL_BYTES <= TS_SCRATCH, "scratch");

template <class PATH>
static void product_of(const ts_product_args* args) {
  typedef typename PATH::Element Element;
  uint8_t* scratch = (uint8_t*)args->scratch;
  Element* a = (Element*)scratch;
  float* scales = (float*)(scratch + ROW_BYTES);
  uint8_t* packed = scratch + ROW_BYTES + SCALE_BYTES;
  Panels panels = {(float*)(packed + BLOCK_BYTES), 0, 0, false, trace_start(), 0};
  const int m = args->m, n = args->n, type = args->weight_type, row_bytes = element_bytes(args->row_type);
  const int64_t k = args->k, bytes = element_bytes(type), blocks = (k + TS_BLOCK - 1) / TS_BLOCK;
  const int64_t* rows = (const int64_t*)args->rows;
  const int64_t* row_scales = (const int64_t*)args->row_scales;
  float* out = (float*)args->out;
  // Later blocks are asked for while the ones before are multiplied, the first while the rows are unpacked.
  if (!args->weight_pitch)
    for (int i = 0; i < 2 * PREFETCH; i += 64) __builtin_prefetch((const uint8_t*)args->weight + i);
  for (int i = 0; i < m; i++) __builtin_memset(out + (int64_t)i * args->stride, 0, args->stride * sizeof(float));
  int64_t at_once = PATH::ROWS_AT_ONCE / ((int64_t)m * TS_BLOCK * (int64_t)sizeof(Element));
  at_once = at_once < 1 ? 1 : at_once > 128 ? 128 : at_once;
  for (int64_t first = 0; first < blocks; first += at_once) {
    int64_t end = first + at_once < blocks ? first + at_once : blocks;
    for (int i = 0; i < m; i++)
      for (int64_t b = first; b < end; b++) {
        int count = least(k - b * TS_BLOCK, TS_BLOCK);
        // Rows are far apart, and short: the processor's own fetching finds no stream.
        if (m > 32 && i + 8 < m)
          for (int l = 0; l < count * row_bytes; l += 64) __builtin_prefetch((const uint8_t*)rows[i + 8] + b * TS_BLOCK * row_bytes + l);
        PATH::load(args->row_type, (const uint8_t*)rows[i], b * TS_BLOCK, count, a + ((b - first) * m + i) * TS_BLOCK);
        scales[(b - first) * m + i] = row_scales ? ((const float*)row_scales[i])[b] : 1.0f;
      }
    PackedBlocks at = {(const uint8_t*)args->weight, TS_PANEL * TS_BLOCK * bytes, blocks, first, end, (n + TS_PANEL - 1) / TS_PANEL, 0, first};
    PackedBlocks soon = at;
    for (int64_t i = 0; i < 2 * PREFETCH; i += at.size) soon.step();
    for (int j = 0; j < n; j += TS_PANEL) {
      const float* weight_scales = (const float*)args->weight_scales;
      if (weight_scales) weight_scales += (args->first + j) / TS_BLOCK * args->scale_pitch;
      for (int64_t b = first; b < end; b++) {
        const uint8_t* block;
        if (args->weight_pitch) {
          int count = least(k - b * TS_BLOCK, TS_BLOCK);
          pack_block((const uint8_t*)args->weight + j * args->weight_pitch + b * TS_BLOCK * bytes, args->weight_pitch,
                     least(n - j, TS_PANEL), count, type, packed);
          block = panels.fetch = packed;
        } else {
          block = at.address();
          at.step();
          soon.step();
          panels.next = at.address();
          // Near the end, what is there already.
          panels.fetch = soon.address() ? soon.address() : block;
        }
        PATH::block(block, a + (b - first) * m * TS_BLOCK, m, scales + (b - first) * m, weight_scales ? weight_scales[b] : 1.0f,
                    out + j, args->stride, panels);
      }
    }
  }
}
