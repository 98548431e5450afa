// Sorts token slots by expert; block e writes the rows of expert e, the last block what belongs to no expert.
#include "common/expert_sort.cuh"

KERNEL ts_moe_permute(const int* indices, int* sorted_slots, int* offsets, int* positions, i64 slots, int top_k,
                      int experts, i64 step_indices, i64 step_positions) {
  extern __shared__ int counts[];
  __shared__ int scratch[WARP];
  count_slots(indices, slots, top_k, step_indices, experts, counts);
  int expert = blockIdx.x;
  i64 first = first_row(counts, expert, 1);
  if (threadIdx.x == 0) offsets[expert] = (int)first;
  auto position = [&](i64 slot) -> int& {
    i64 token = slot / top_k;
    return positions[token * step_positions + (slot - token * top_k)];
  };
  if (expert < experts) {
    visit_slots(indices, slots, top_k, step_indices, experts, expert, scratch, [&](i64 slot, i64 rank) {
      sorted_slots[first + rank] = (int)slot;
      position(slot) = (int)(first + rank);
    });
    return;
  }
  for (i64 row = first + threadIdx.x; row < slots; row += blockDim.x) sorted_slots[row] = -1;
  for (i64 slot = threadIdx.x; slot < slots; slot += blockDim.x)
    if (expert_of(indices, slot, top_k, step_indices, experts) < 0) position(slot) = -1;
}
