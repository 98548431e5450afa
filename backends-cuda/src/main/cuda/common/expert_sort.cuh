// Stable counting sort of token slots by expert. Every block counts all slots and writes one expert's, so blocks need
// nothing from each other and the order is the same in every run.
#pragma once
#include "reduce.cuh"

DEVICE int expert_of(const int* indices, i64 slot, int top_k, i64 step, int experts) {
  i64 token = slot / top_k;
  int e = indices[token * step + (slot - token * top_k)];
  return e >= 0 && e < experts ? e : -1;
}

// Counts the slots of every expert into shared memory; integer additions commute.
DEVICE void count_slots(const int* indices, i64 slots, int top_k, i64 step, int experts, int* counts) {
  for (int e = threadIdx.x; e < experts; e += blockDim.x) counts[e] = 0;
  __syncthreads();
  for (i64 slot = threadIdx.x; slot < slots; slot += blockDim.x) {
    int e = expert_of(indices, slot, top_k, step, experts);
    if (e >= 0) atomicAdd(&counts[e], 1);
  }
  __syncthreads();
}

// First row of an expert when every expert's rows fill whole blocks; `experts` itself gives the number of rows.
DEVICE i64 first_row(const int* counts, int expert, int block) {
  i64 first = 0;
  for (int e = 0; e < expert; e++) first += ceil_div(counts[e], block) * block;
  return first;
}

// Calls visit(slot, rank) for the slots of an expert, -1 for the dropped ones, in slot order.
template <typename Visit>
DEVICE void visit_slots(const int* indices, i64 slots, int top_k, i64 step, int experts, int expert, int* scratch,
                        Visit visit) {
  i64 before = 0;
  for (i64 from = 0; from < slots; from += blockDim.x) {
    i64 slot = from + threadIdx.x;
    int mine = slot < slots && expert_of(indices, slot, top_k, step, experts) == expert ? 1 : 0;
    int found;
    int rank = block_exclusive_sum(mine, scratch, &found);
    if (mine) visit(slot, before + rank);
    before += found;
  }
}
