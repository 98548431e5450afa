// C[r, n] = scales * sum_k A[r, k] B[e, n, k] (+ bias[n]) (+ C[r, n]) with E4M3FN, BF16 or FP32 operands,
// for one matrix, for one matrix per expert, and for rows that are assigned to experts. The terms of a
// block of 128 are added up first; then the block's scales apply. Source of the scales: DeepSeek-V3
// inference/kernel.py; of the assignments: DeepGEMM.

#include "operands.cl"

// Scales.
#define NO_SCALES 0
#define SCALES_OF_SUM 1
#define SCALES_OF_BLOCKS 2

// Assignment of rows to experts.
#define DENSE 0
#define CONTIGUOUS 1
#define PSUM 2
#define OFFSETS 3
#define LIMITED 4

#define BLOCK_K 128

// The operands; every address is in elements. Row r of A lies at row map[r] / map_divisor when there
// is a map.
#define PRODUCT_PARAMETERS                                                                           \
  in_t a, ulong a_at, ulong a_expert, ulong a_step, in_t b, ulong b_at, ulong b_expert,              \
      ulong b_step, in_t sa, ulong sa_at, ulong sa_expert, ulong sa_step, in_t sb, ulong sb_at,      \
      ulong sb_expert, ulong sb_step, in_t bias, ulong bias_at, out_t c, ulong c_at,                 \
      ulong c_expert, ulong c_step, ulong c_outer, long c_inner, in_t groups, ulong groups_at,       \
      in_t map, ulong map_at, int a_type, int b_type, int c_type, int scales, int has_bias,          \
      int accumulate, int grouping, int map_divisor, int alignment, long experts, long m, long n,    \
      long k

typedef struct {
  in_t a;
  in_t b;
  __global const float *sa;
  __global const float *sb;
  __global const float *bias;
  out_t c;
  __global const int *map;
  ulong a_step, b_step, sa_step, sb_step, c_step, c_outer;
  long c_inner, n, k;
  int a_type, b_type, c_type, scales, has_bias, accumulate, map_divisor;
} product_t;

#define PRODUCT_OF(expert)                                                                           \
  {                                                                                                  \
    a + a_at + (expert) * a_expert * bytes_of(a_type), b + b_at + (expert) * b_expert * bytes_of(b_type), \
        (__global const float *)(sa + sa_at) + (expert) * sa_expert,                                 \
        (__global const float *)(sb + sb_at) + (expert) * sb_expert,                                 \
        (__global const float *)(bias + bias_at), c + c_at + (expert) * c_expert * bytes_of(c_type), \
        (__global const int *)(map + map_at), a_step, b_step, sa_step, sb_step, c_step, c_outer,     \
        c_inner, n, k, a_type, b_type, c_type, scales, has_bias, accumulate, map_divisor             \
  }

// Finds the rows of a tile among experts whose rows follow one another. Returns their expert, -1
// when there are fewer tiles.
static inline long locate(
    __global const int *groups, int grouping, int alignment, long experts, long m, long tile,
    long tile_rows, long *first, long *last) {
  long start = 0;
  for (long e = 0; e < experts; e++) {
    long end;
    if (grouping == OFFSETS) {
      start = groups[e];
      end = groups[e + 1];
    } else {
      start = (start + alignment - 1) / alignment * alignment;
      end = groups[e];
    }
    long tiles = end > start ? (end - start + tile_rows - 1) / tile_rows : 0;
    if (tile < tiles) {
      *first = start + tile * tile_rows;
      *last = min(end, *first + tile_rows);
      return e;
    }
    tile -= tiles;
    start = max(start, end);
  }
  return -1;
}

// Finds the rows of a group's tile, and their expert where all have the same. Returns the expert.
static inline long rows_of_tile(
    __global const int *groups, int grouping, int alignment, long experts, long m, long tile_rows,
    long *first, long *end) {
  long number = get_group_id(1);
  long expert = get_group_id(2);
  *first = number * tile_rows;
  *end = min(m, *first + tile_rows);
  if (grouping == LIMITED) {
    *end = min(*end, (long)groups[expert]);
  } else if (grouping == PSUM || grouping == OFFSETS) {
    expert = locate(groups, grouping, alignment, experts, m, number, tile_rows, first, end);
    *end = expert < 0 ? *first : *end;
  }
  return expert;
}

// Returns where the rows of one expert end: a tile of adjacent rows may hold those of several.
static inline long end_of_run(
    __global const int *groups, int grouping, long first, long end, long *expert) {
  if (grouping != CONTIGUOUS) {
    return end;
  }
  *expert = groups[first];
  long last = first + 1;
  while (last < end && groups[last] == *expert) {
    last++;
  }
  return last;
}

static inline ulong a_row(const product_t *p, long row) {
  return (ulong)(p->map_divisor == 0 ? row : p->map[row] / p->map_divisor);
}

static inline ulong c_row(const product_t *p, long row) {
  return (ulong)(row / p->c_inner) * p->c_outer + (ulong)(row % p->c_inner) * p->c_step;
}

// Rows of A and C of one row of the product, computed once for all its columns.
typedef struct {
  ulong a, c;
} ends_t;

static inline ends_t ends_of(const product_t *p, long row) {
  ends_t ends = {a_row(p, row), c_row(p, row)};
  return ends;
}

static inline void finish(const product_t *p, ends_t row, long column, float sum) {
  if (p->scales == SCALES_OF_SUM && p->k > 0) {
    sum *= p->sa[row.a * p->sa_step] * p->sb[column * p->sb_step];
  }
  if (p->has_bias) {
    sum += p->bias[column];
  }
  ulong at = row.c + (ulong)column;
  if (p->accumulate) {
    sum += load(p->c, p->c_type, at);
  }
  store(p->c, p->c_type, at, sum);
}

#ifdef VARIANT_CPU
// The columns of a row of a tile.
static inline void finish_row(
    const product_t *p, long number, long column, __local const float *sums, int columns) {
  ends_t row = ends_of(p, number);
  int j = 0;
  if (p->scales != SCALES_OF_SUM) {
    for (; j + 16 <= columns; j += 16) {
      ulong at = row.c + (ulong)column + j;
      float16 sum = vload16(0, sums + j);
      if (p->has_bias) {
        sum += vload16(0, p->bias + column + j);
      }
      if (p->accumulate) {
        sum += load16(p->c, p->c_type, at);
      }
      store16(p->c, p->c_type, at, sum);
    }
  }
  for (; j < columns; j++) {
    finish(p, row, column + j, sums[j]);
  }
}
#endif
