// The tensors of one matrix product C = A B^T, as every kernel that multiplies takes them.
#pragma once
#include "format.cuh"
#include "groups.cuh"

enum Operands { OPERANDS_F32 = 0, OPERANDS_BF16 = 1, OPERANDS_FP8 = 2, OPERANDS_FP8_BLOCK = 3 };
enum Scales { UNSCALED = 0, PER_TENSOR = 1, PER_CHANNEL = 2, PER_BLOCK = 3 };

#define SCALE_BLOCK 128
struct Product {
  const void* a;
  const void* b;
  const float* scale_a;
  const float* scale_b;
  const float* bias;
  void* c;
  const int* row_map;  // row of A of each row of C, times `row_divisor`; null when they are the same
  i64 n;
  i64 k;
  i64 step_a;
  i64 batch_a;
  i64 step_scale_a;
  i64 batch_scale_a;
  i64 step_c;
  i64 batch_c;
  int row_divisor;
  int scales;
  int accumulate;
  int type_c;
};

// Where rows of A, of its scales and of C start. Masked groups lie a batch step apart.
struct RowPlace {
  i64 batch;
  i64 within;
};

DEVICE RowPlace place_of_row(const Groups& groups, i64 row) {
  if (groups.kind != MASKED) return {0, row};
  i64 batch = row / groups.per_group;
  return {batch, row - batch * groups.per_group};
}

// Scales, biases and stores one element whose sum over k is known; what scales per block is in the sum.
DEVICE void finish(const Product& p, int expert, i64 scale_start, i64 at, i64 n, float value) {
  if (p.k > 0 && p.scales == PER_TENSOR) value *= p.scale_a[0] * p.scale_b[expert];
  if (p.k > 0 && p.scales == PER_CHANNEL) value *= p.scale_a[scale_start] * p.scale_b[expert * p.n + n];
  if (p.bias != nullptr) value += p.bias[n];
  if (p.accumulate) value += ((const float*)p.c)[at + n];
  store(p.c, at + n, p.type_c, value);
}
