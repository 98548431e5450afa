// The matrix product over packed weights, for processors: a panel holds 64 columns of B, term by term,
// so a term of A multiplies whole vectors and nothing is added across lanes.
#include "product_terms.cl"

#define PANEL 64
#define SPAN 128
#define VECTOR 16

// A code of E4M3FN becomes its bits in an FP32 whose exponent has the narrow bias, the value times
// 2^-120; subnormal codes are subnormal numbers there. The operand of A takes 2^64 of the factor, so
// that no product underflows, and the sum the rest.
#ifdef SUBNORMALS_KEPT
#define CODE_FACTOR 0x1p64f
#define SUM_FACTOR 0x1p56f

static inline float16 codes16(in_t p) {
  return as_float16(
      (convert_int16(as_char16(vload16(0, p))) << 20) & (int16)(0x87F00000));
}
#else
#define CODE_FACTOR 1.0f
#define SUM_FACTOR 1.0f

static inline float16 codes16(in_t p) { return e4m3fn_to_f32_16(vload16(0, p)); }
#endif

#define FLOATS16(p) vload16(0, (__global const float *)(p))
#define HALVES16(p) bf16_to_f32_16(vload16(0, (__global const ushort *)(p)))

// One row by one panel, weights straight from memory, which is asked for two pages ahead.
#define AHEAD 8192
#define ROW_BY_PANEL(LOAD, SIZE)                      \
  for (int x = 0; x < count; x++) {                   \
    float16 v = (float16)(al[x]);                     \
    in_t from = b + (ulong)x * (PANEL * SIZE);        \
    for (int line = 0; line < SIZE; line++) {         \
      ask_for(from + AHEAD + line * PANEL);           \
    }                                                 \
    c0 = fma(LOAD(from), v, c0);                      \
    c1 = fma(LOAD(from + VECTOR * SIZE), v, c1);      \
    c2 = fma(LOAD(from + 2 * VECTOR * SIZE), v, c2);  \
    c3 = fma(LOAD(from + 3 * VECTOR * SIZE), v, c3);  \
  }

static inline void add_scaled16(__local float *acc, float16 sum, float factor, float scale) {
  vstore16(fma(sum * factor, (float16)(scale), vload16(0, acc)), 0, acc);
}

static inline void row_by_panel(
    __local const float *al, in_t b, int type, __local float *acc, float factor, float scale,
    int count) {
  float16 c0 = 0, c1 = 0, c2 = 0, c3 = 0;
  if (type == E4M3FN) {
    ROW_BY_PANEL(codes16, 1)
  } else if (type == BF16) {
    ROW_BY_PANEL(HALVES16, 2)
  } else {
    ROW_BY_PANEL(FLOATS16, 4)
  }
  add_scaled16(acc, c0, factor, scale);
  add_scaled16(acc + VECTOR, c1, factor, scale);
  add_scaled16(acc + 2 * VECTOR, c2, factor, scale);
  add_scaled16(acc + 3 * VECTOR, c3, factor, scale);
}

// Sixteen columns of a panel become FP32. A quarter of the block that comes next is asked for.
static inline void expand(__local float *bl, in_t b, in_t next, int type, int count, int lines) {
  for (int line = 0; line < lines; line++) {
    ask_for(next + line * 64);
  }
  if (type == E4M3FN) {
    for (int x = 0; x < count; x++) {
      vstore16(codes16(b + x * PANEL), x, bl);
    }
  } else if (type == BF16) {
    for (int x = 0; x < count; x++) {
      vstore16(HALVES16(b + x * (2 * PANEL)), x, bl);
    }
  } else {
    for (int x = 0; x < count; x++) {
      vstore16(FLOATS16(b + x * (4 * PANEL)), x, bl);
    }
  }
}

#define BEGIN(i) float16 c##i = 0;
#define TERM(i) c##i = fma((float16)(at[i * BLOCK_K + x]), v, c##i);
#define END(i) add_scaled16(to + i * SPAN, c##i, factor, scale[row + i]);
#define SIX(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define TWO(X) X(0) X(1)
#define ONE(X) X(0)
#define ROWS_BY_VECTOR(EACH)                          \
  {                                                   \
    __local const float *at = al + row * BLOCK_K;     \
    __local float *to = acc + row * SPAN;             \
    EACH(BEGIN)                                       \
    for (int x = 0; x < count; x++) {                 \
      float16 v = vload16(x, bl);                     \
      EACH(TERM)                                      \
    }                                                 \
    EACH(END)                                         \
  }

static inline void rows_by_vector(
    __local const float *al, __local const float *bl, __local float *acc, __local const float *scale,
    float factor, int rows, int count) {
  int row = 0;
  for (; row + 6 <= rows; row += 6) ROWS_BY_VECTOR(SIX)
  for (; row + 2 <= rows; row += 2) ROWS_BY_VECTOR(TWO)
  for (; row < rows; row++) ROWS_BY_VECTOR(ONE)
}

// Elements of a row of A, times the factor of codes, up to a multiple of 16.
static inline void take(
    const product_t *p, __local float *to, ulong row, long from, int count, int coded) {
  decode(to, p->a, p->a_type, row * p->a_step + from, count);
  for (int x = 0; coded && x < count; x += VECTOR) {
    vstore16(vload16(0, to + x) * CODE_FACTOR, 0, to + x);
  }
}

// A single row: a panel of B is read from its first byte to its last, while as much of the row as fits
// lies in the cache.
static inline void row_by_span(
    const product_t *p, long number, long column, int columns, __local float *al, __local float *acc,
    float factor, int coded, int size) {
  ulong row = a_row(p, number);
  for (long from = 0; from < p->k; from += ROWS * BLOCK_K) {
    int terms = (int)min((long)ROWS * BLOCK_K, p->k - from);
    take(p, al, row, from, terms, coded);
    for (int panel = 0; panel < columns; panel += PANEL) {
      in_t b = p->b + ((ulong)(column + panel) * p->k + (ulong)from * PANEL) * size;
      for (int x = 0; x < terms; x += BLOCK_K) {
        long block = (from + x) / BLOCK_K;
        float scale = 1;
        if (p->scales == SCALES_OF_BLOCKS) {
          scale = p->sb[(ulong)(column / BLOCK_K) * p->sb_step + block]
                  * p->sa[row * p->sa_step + block];
        }
        row_by_panel(
            al + x, b + (ulong)x * (PANEL * size), p->b_type, acc + panel, factor, scale,
            min(BLOCK_K, terms - x));
      }
    }
  }
}

static inline void tile(
    const product_t *p, in_t nan_columns, long first, long last, long column, __local float *al,
    __local float *bl, __local float *acc, __local float *scale) {
  int rows = (int)(last - first);
  int columns = (int)min((long)SPAN, p->n - column);
  int coded = p->b_type == E4M3FN;
  float factor = coded ? SUM_FACTOR : 1.0f;
  int size = bytes_of(p->b_type);
  int a_size = bytes_of(p->a_type);
  zeros(acc, rows * SPAN);
  if (rows == 1) {
    row_by_span(p, first, column, columns, al, acc, factor, coded, size);
  }
  for (long from = 0; rows > 1 && from < p->k; from += BLOCK_K) {
    int count = (int)min((long)BLOCK_K, p->k - from);
    float sb = 1;
    if (p->scales == SCALES_OF_BLOCKS) {
      sb = p->sb[(ulong)(column / BLOCK_K) * p->sb_step + from / BLOCK_K];
    }
    for (int i = 0; i < rows; i++) {
      ulong row = a_row(p, first + i);
      take(p, al + i * BLOCK_K, row, from, count, coded);
      for (int line = 0; line < BLOCK_K * a_size; line += 64) {
        ask_for(p->a + (row * p->a_step + from + BLOCK_K) * a_size + line);
      }
      scale[i] = p->scales == SCALES_OF_BLOCKS ? sb * p->sa[row * p->sa_step + from / BLOCK_K] : 1.0f;
    }
    in_t blocks = p->b + ((ulong)column * p->k + (ulong)from * PANEL) * size;
    ulong step = (ulong)p->k * size;
    int bytes = count * size * VECTOR;
    for (int panel = 0; panel < columns; panel += PANEL) {
      in_t next =
          panel + PANEL < columns ? blocks + (panel + PANEL) * step : blocks + PANEL * count * size;
      for (int x = 0; x < PANEL && panel + x < columns; x += VECTOR) {
        expand(
            bl, blocks + panel * step + x * size, next + x / VECTOR * bytes, p->b_type, count,
            bytes / 64);
        rows_by_vector(al, bl, acc + panel + x, scale, factor, rows, count);
      }
    }
  }
  for (int i = 0; i < rows; i++) {
    for (int j = 0; coded && j < columns; j++) {
      if (nan_columns[column + j]) {
        acc[i * SPAN + j] = quiet_nan();
      }
    }
    finish_row(p, first + i, column, acc + i * SPAN, columns);
  }
}

// Groups: spans of columns, tiles of rows, experts (LIMITED only). b_step is the byte at which the
// marks of columns with a NaN begin.
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void product_packed(
    PRODUCT_PARAMETERS, __local float *al, __local float *bl, __local float *acc,
    __local float *scale) {
  __global const int *assigned = (__global const int *)(groups + groups_at);
  long column = (long)get_group_id(0) * SPAN;
  long first;
  long end;
  long expert = rows_of_tile(assigned, grouping, alignment, experts, m, ROWS, &first, &end);
  ulong padded = (ulong)(n + PANEL - 1) / PANEL * PANEL;
  for (long last; first < end; first = last) {
    last = end_of_run(assigned, grouping, first, end, &expert);
    if (expert >= 0 && expert < experts) {
      product_t p = PRODUCT_OF(expert);
      in_t nan_columns = b + b_at + b_step + expert * padded;
      tile(&p, nan_columns, first, last, column, al, bl, acc, scale);
    }
  }
}
