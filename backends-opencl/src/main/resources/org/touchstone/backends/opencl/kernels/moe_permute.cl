// Sorts token slots by expert, stable in the slot number; one group does it all. In the cpu variant
// its one work-item counts and places in two passes over the slots. In the gpu variant every
// work-item looks for the slots of its own experts, which needs no atomics and is stable.

typedef __global const int *ints_t;

// Stores how many slots expert e has in counts[e].
INLINE void count_slots(
    ints_t indices, ulong step, int tokens, int top_k, int experts, __global int *counts) {
#ifdef VARIANT_CPU
  for (int e = 0; e < experts; e++) {
    counts[e] = 0;
  }
  for (int t = 0; t < tokens; t++) {
    for (int j = 0; j < top_k; j++) {
      int expert = indices[t * step + j];
      if (expert >= 0 && expert < experts) {
        counts[expert]++;
      }
    }
  }
#else
  for (int e = get_local_id(0); e < experts; e += GROUP) {
    int count = 0;
    for (int t = 0; t < tokens; t++) {
      for (int j = 0; j < top_k; j++) {
        count += indices[t * step + j] == e;
      }
    }
    counts[e] = count;
  }
#endif
  barrier(CLK_GLOBAL_MEM_FENCE);
}

// Puts the slots of expert e behind next[e], in order; positions may be absent.
INLINE void place_slots(
    ints_t indices, ulong step, int tokens, int top_k, int experts, __global int *next,
    __global int *sorted, __global int *positions, ulong positions_step, int has_positions) {
#ifdef VARIANT_CPU
  for (int t = 0; t < tokens; t++) {
    for (int j = 0; j < top_k; j++) {
      int expert = indices[t * step + j];
      int row = -1;
      if (expert >= 0 && expert < experts) {
        row = next[expert]++;
        sorted[row] = t * top_k + j;
      }
      if (has_positions) {
        positions[t * positions_step + j] = row;
      }
    }
  }
#else
  for (int e = get_local_id(0); e < experts; e += GROUP) {
    int row = next[e];
    for (int t = 0; t < tokens; t++) {
      for (int j = 0; j < top_k; j++) {
        if (indices[t * step + j] == e) {
          if (has_positions) {
            positions[t * positions_step + j] = row;
          }
          sorted[row++] = t * top_k + j;
        }
      }
    }
  }
  if (has_positions) {
    for (int t = get_local_id(0); t < tokens; t += GROUP) {
      for (int j = 0; j < top_k; j++) {
        int expert = indices[t * step + j];
        if (expert < 0 || expert >= experts) {
          positions[t * positions_step + j] = -1;
        }
      }
    }
  }
#endif
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_permute(
    in_t indices, ulong indices_at, ulong indices_step, out_t sorted_slots, ulong sorted_at,
    out_t expert_offsets, ulong offsets_at, out_t positions, ulong positions_at,
    ulong positions_step, out_t scratch, ulong scratch_at, int tokens, int top_k, int experts) {
  ints_t index = (ints_t)(indices + indices_at);
  __global int *sorted = (__global int *)(sorted_slots + sorted_at);
  __global int *offsets = (__global int *)(expert_offsets + offsets_at);
  __global int *next = (__global int *)(scratch + scratch_at);
  count_slots(index, indices_step, tokens, top_k, experts, next);
  if (get_local_id(0) == 0) {
    int start = 0;
    for (int e = 0; e < experts; e++) {
      int count = next[e];
      offsets[e] = start;
      next[e] = start;
      start += count;
    }
    offsets[experts] = start;
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  for (int row = offsets[experts] + get_local_id(0); row < tokens * top_k; row += GROUP) {
    sorted[row] = -1;
  }
  place_slots(index, indices_step, tokens, top_k, experts, next, sorted,
      (__global int *)(positions + positions_at), positions_step, 1);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_align_block_size(
    in_t indices, ulong indices_at, ulong indices_step, out_t sorted_slots, ulong sorted_at,
    out_t block_experts, ulong blocks_at, out_t padded_count, ulong padded_at, out_t scratch,
    ulong scratch_at, int tokens, int top_k, int experts, int block) {
  ints_t index = (ints_t)(indices + indices_at);
  __global int *sorted = (__global int *)(sorted_slots + sorted_at);
  __global int *blocks = (__global int *)(block_experts + blocks_at);
  __global int *next = (__global int *)(scratch + scratch_at);
  count_slots(index, indices_step, tokens, top_k, experts, next);
  if (get_local_id(0) == 0) {
    int padded = 0;
    for (int e = 0; e < experts; e++) {
      int count = next[e];
      next[e] = padded;
      int end = padded + (count + block - 1) / block * block;
      for (int at = padded + count; at < end; at++) {
        sorted[at] = tokens * top_k;
      }
      for (; padded < end; padded += block) {
        blocks[padded / block] = e;
      }
    }
    *(__global int *)(padded_count + padded_at) = padded;
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  place_slots(index, indices_step, tokens, top_k, experts, next, sorted, sorted, 0, 0);
}
