// The matrix product over plain weights.
#include "product_terms.cl"

#ifdef VARIANT_CPU
// A tile of C is ROWS x PANEL; both operands of a block of K are decoded into local memory, which is the
// cache, and multiplied 3 rows by 4 columns at a time.

static inline void add_scaled(__local float *acc, float4 sum, float scale) {
  vstore4(fma(sum, (float4)(scale), vload4(0, acc)), 0, acc);
}

static inline void multiply(
    __local const float *al, __local const float *bl, __local float *acc,
    __local const float *scale,
    int rows, int columns, int count) {
  for (int row = 0; row < rows; row += 3) {
    for (int column = 0; column < columns; column += 4) {
      __local const float *at = al + row * BLOCK_K;
      __local const float *from = bl + column * BLOCK_K;
      THREE_BY_FOUR(at, BLOCK_K, from, BLOCK_K, count)
      __local float *to = acc + row * PANEL + column;
      add_scaled(to, sums(s00, s01, s02, s03), scale[row]);
      add_scaled(to + PANEL, sums(s10, s11, s12, s13), scale[row + 1]);
      add_scaled(to + 2 * PANEL, sums(s20, s21, s22, s23), scale[row + 2]);
    }
  }
}

// Twelve columns of one row at a time, for tiles of few rows.
static inline void multiply_one(
    __local const float *al, __local const float *bl, __local float *acc, float scale, int columns,
    int count) {
  for (int column = 0; column < columns; column += 4) {
    float8 s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    __local const float *from = bl + column * BLOCK_K;
    for (int x = 0; x < count; x += 8) {
      float8 v = vload8(0, al + x);
      s0 = fma(v, vload8(0, from + x), s0);
      s1 = fma(v, vload8(0, from + BLOCK_K + x), s1);
      s2 = fma(v, vload8(0, from + 2 * BLOCK_K + x), s2);
      s3 = fma(v, vload8(0, from + 3 * BLOCK_K + x), s3);
    }
    add_scaled(acc + column, sums(s0, s1, s2, s3), scale);
  }
}

static inline void tile(
    const product_t *p, long first, long last, long column, __local float *al,
    __local float *bl, __local float *acc, __local float *scale) {
  int rows = (int)(last - first);
  int columns = (int)min((long)PANEL, p->n - column);
  int padded_rows = rows < 3 ? rows : (rows + 2) / 3 * 3;
  int padded_columns = (columns + 3) & ~3;
  zeros(acc, padded_rows * PANEL);
  for (long from = 0; from < p->k; from += BLOCK_K) {
    int count = (int)min((long)BLOCK_K, p->k - from);
    for (int j = 0; j < columns; j++) {
      decode(bl + j * BLOCK_K, p->b, p->b_type, (ulong)(column + j) * p->b_step + from, count);
    }
    for (int j = columns; j < padded_columns; j++) {
      zeros(bl + j * BLOCK_K, BLOCK_K);
    }
    float sb = 1;
    if (p->scales == SCALES_OF_BLOCKS) {
      sb = p->sb[(ulong)(column / BLOCK_K) * p->sb_step + from / BLOCK_K];
    }
    for (int i = 0; i < rows; i++) {
      ulong row = a_row(p, first + i);
      decode(al + i * BLOCK_K, p->a, p->a_type, row * p->a_step + from, count);
      scale[i] = p->scales == SCALES_OF_BLOCKS ? sb * p->sa[row * p->sa_step + from / BLOCK_K] : 1.0f;
    }
    for (int i = rows; i < padded_rows; i++) {
      zeros(al + i * BLOCK_K, BLOCK_K);
      scale[i] = 0;
    }
    if (rows < 3) {
      for (int i = 0; i < rows; i++) {
        multiply_one(al + i * BLOCK_K, bl, acc + i * PANEL, scale[i], padded_columns, count);
      }
    } else {
      multiply(al, bl, acc, scale, padded_rows, padded_columns, count);
    }
  }
  for (int i = 0; i < rows; i++) {
    finish_row(p, first + i, column, acc + i * PANEL, columns);
  }
}

#define PRODUCT_ATTRIBUTES __attribute__((reqd_work_group_size(1, 1, 1)))
#define PRODUCT_LOCAL , __local float *al, __local float *bl, __local float *acc, __local float *scale
#define PRODUCT_LOCALS al, bl, acc, scale
#else
// A tile of C is ROWS x PANEL, 4 x 4 per work-item; both operands go through local memory 16 columns
// of K at a time.
#define DEPTH 16
#define PITCH (ROWS + 1)

static inline void tile(
    const product_t *p, long first, long last, long column, __local float *al, __local float *bl) {
  int x = get_local_id(0) % SIDE;
  int y = get_local_id(0) / SIDE;
  float total[4][4];
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) {
      total[i][j] = 0;
    }
  }
  for (long from = 0; from < p->k; from += BLOCK_K) {
    long end = min(p->k, from + BLOCK_K);
    float acc[4][4];
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 4; j++) {
        acc[i][j] = 0;
      }
    }
    for (long at = from; at < end; at += DEPTH) {
      for (int e = get_local_id(0); e < DEPTH * ROWS; e += SIDE * SIDE) {
        int d = e % DEPTH;
        int r = e / DEPTH;
        int inside = at + d < end;
        al[d * PITCH + r] = inside && first + r < last
                                ? operand(p->a, p->a_type, a_row(p, first + r) * p->a_step + at + d)
                                : 0;
        bl[d * PITCH + r] =
            inside && column + r < p->n
                ? operand(p->b, p->b_type, (ulong)(column + r) * p->b_step + at + d)
                : 0;
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      for (int d = 0; d < DEPTH; d++) {
        float u[4], v[4];
        for (int i = 0; i < 4; i++) {
          u[i] = al[d * PITCH + y + SIDE * i];
          v[i] = bl[d * PITCH + x + SIDE * i];
        }
        for (int i = 0; i < 4; i++) {
          for (int j = 0; j < 4; j++) {
            acc[i][j] = fma(u[i], v[j], acc[i][j]);
          }
        }
      }
      barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int i = 0; i < 4; i++) {
      long row = first + y + SIDE * i;
      float sa = 1;
      if (p->scales == SCALES_OF_BLOCKS && row < last) {
        sa = p->sa[a_row(p, row) * p->sa_step + from / BLOCK_K];
      }
      for (int j = 0; j < 4; j++) {
        long c = column + x + SIDE * j;
        float s = sa;
        if (p->scales == SCALES_OF_BLOCKS && c < p->n) {
          s *= p->sb[(ulong)(c / BLOCK_K) * p->sb_step + from / BLOCK_K];
        }
        total[i][j] = fma(acc[i][j], s, total[i][j]);
      }
    }
  }
  for (int i = 0; i < 4; i++) {
    long row = first + y + SIDE * i;
    if (row < last) {
      ends_t ends = ends_of(p, row);
      for (int j = 0; j < 4; j++) {
        long c = column + x + SIDE * j;
        if (c < p->n) {
          finish(p, ends, c, total[i][j]);
        }
      }
    }
  }
}

#define PRODUCT_ATTRIBUTES __attribute__((reqd_work_group_size(SIDE * SIDE, 1, 1)))
#define PRODUCT_LOCAL , __local float *al, __local float *bl
#define PRODUCT_LOCALS al, bl
#endif

// Groups: panels of columns, tiles of rows, experts (LIMITED only).
__kernel PRODUCT_ATTRIBUTES void product(PRODUCT_PARAMETERS PRODUCT_LOCAL) {
  __global const int *assigned = (__global const int *)(groups + groups_at);
  long column = (long)get_group_id(0) * PANEL;
  long first;
  long end;
  long expert = rows_of_tile(assigned, grouping, alignment, experts, m, ROWS, &first, &end);
  for (long last; first < end; first = last) {
    last = end_of_run(assigned, grouping, first, end, &expert);
    if (expert >= 0 && expert < experts) {
      product_t p = PRODUCT_OF(expert);
      tile(&p, first, last, column, PRODUCT_LOCALS);
    }
  }
}
