// Sorts token slots by expert into whole blocks of rows; block e writes the rows of expert e.
// Source: vLLM, moe_align_block_size.
#include "common/expert_sort.cuh"

KERNEL ts_moe_align_block_size(const int* indices, int* sorted_slots, int* block_experts, int* padded_count,
                               i64 slots, int top_k, int experts, int block_size, i64 step_indices) {
  extern __shared__ int counts[];
  __shared__ int scratch[WARP];
  count_slots(indices, slots, top_k, step_indices, experts, counts);
  int expert = blockIdx.x;
  i64 first = first_row(counts, expert, block_size);
  i64 padded = ceil_div(counts[expert], block_size) * block_size;
  visit_slots(indices, slots, top_k, step_indices, experts, expert, scratch,
              [&](i64 slot, i64 rank) { sorted_slots[first + rank] = (int)slot; });
  for (i64 row = counts[expert] + threadIdx.x; row < padded; row += blockDim.x) sorted_slots[first + row] = (int)slots;
  for (i64 b = threadIdx.x; b < padded / block_size; b += blockDim.x)
    block_experts[first / block_size + b] = expert;
  if (expert == experts - 1 && threadIdx.x == 0) *padded_count = (int)(first + padded);
}
