// Which rows of a product belong to which weight. One walk serves dense and grouped products.
#pragma once
#include "types.cuh"

enum Grouping { DENSE = 0, CONTIGUOUS = 1, PSUM = 2, OFFSETS = 3, MASKED = 4 };

struct Groups {
  const int* table;
  i64 rows;       // rows in all; for MASKED rows of one expert times experts
  i64 per_group;  // MASKED: rows of one expert
  i64 alignment;  // PSUM: to which the starts of segments are aligned
  int experts;
  int kind;
};

// Rows `row` to `end - 1` belong to `expert`, or to nobody when it is negative.
struct Run {
  i64 end;
  int expert;
};

DEVICE Run run_of_offsets(const Groups& groups, i64 row, i64 limit) {
  i64 start = groups.kind == OFFSETS ? groups.table[0] : 0;
  for (int e = 0; e < groups.experts; e++) {
    i64 end = groups.table[groups.kind == OFFSETS ? e + 1 : e];
    if (row < start) return {min(limit, start), -1};
    if (row < end) return {min(limit, end), e};
    start = groups.kind == OFFSETS ? end : ceil_div(end, groups.alignment) * groups.alignment;
  }
  return {limit, -1};
}

// The run that starts at a row, cut off at `limit`.
DEVICE Run run_at(const Groups& groups, i64 row, i64 limit) {
  switch (groups.kind) {
    case DENSE:
      return {limit, 0};
    case CONTIGUOUS: {
      int expert = groups.table[row];
      i64 end = row + 1;
      while (end < limit && groups.table[end] == expert) end++;
      return {end, expert < groups.experts ? expert : -1};
    }
    case MASKED: {
      int expert = (int)(row / groups.per_group);
      i64 first = expert * groups.per_group;
      i64 valid = first + groups.table[expert];
      return row < valid ? Run{min(limit, valid), expert} : Run{min(limit, first + groups.per_group), -1};
    }
    default:
      return run_of_offsets(groups, row, limit);
  }
}
