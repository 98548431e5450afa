// Attention by a device's variant, and the joining of splits.
#include "attention_terms.cl"

#ifdef VARIANT_CPU
#include "attention_cpu.cl"
#else
#include "attention_gpu.cl"
#endif

// Joins the states of splits in their order. Groups: heads, queries, sequences.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void merge(
    in_t partial, ulong partial_at, in_t sinks, ulong sinks_at, out_t o, ulong o_at, ulong o_batch,
    ulong o_token, ulong o_head, out_t lse, ulong lse_at, ulong lse_batch, ulong lse_token,
    ulong lse_head, int o_type, int dv, int has_sink, int has_lse, int splits) {
  ulong head = get_group_id(0);
  ulong i = get_group_id(1);
  ulong b = get_group_id(2);
  ulong row = (b * get_num_groups(1) + i) * get_num_groups(0) + head;
  __global const float *state =
      (__global const float *)(partial + partial_at) + row * splits * (dv + 2);
  float most = MINUS_INF;
  for (int x = 0; x < splits; x++) {
    float own = state[(ulong)x * (dv + 2)];
    most = own > most ? own : most;
  }
  float base = most == MINUS_INF ? 0 : most;
  float sum = 0;
  for (int x = 0; x < splits; x++) {
    __global const float *own = state + (ulong)x * (dv + 2);
    sum = fma(own[1], exp(own[0] - base), sum);
  }
  float factor;
  float log_sum;
  float sink = has_sink ? ((__global const float *)(sinks + sinks_at))[head] : 0;
  settle(most, sum, sink, has_sink, &factor, &log_sum);
  in_t states = (in_t)state;
  for (int d = FIRST; d < dv; d += STEP) {
    lanes total = 0;
    for (int x = 0; x < splits; x++) {
      // A split without keys adds zeros. One whose weights are all zero may hold the NaN of a value.
      ulong at = (ulong)x * (dv + 2);
      lanes own = load_lanes(states, F32, at + 2 + d, dv - d);
      total = fma(own, (lanes)(exp(state[at] - base)), total);
    }
    store_lanes(
        o + o_at, o_type, b * o_batch + i * o_token + head * o_head + d, dv - d, total * factor);
  }
  if (has_lse && get_local_id(0) == 0) {
    ((__global float *)(lse + lse_at))[b * lse_batch + i * lse_token + head * lse_head] = log_sum;
  }
}
