// A block of threads draws the token of one row. Weights are counted in units of 2^-44, so that sums are exact, the
// same in whatever order they are made, and a row's largest weight, 1, leaves room for 2^19 others.
// Source: FlashInfer, sampling.
#include "common/format.cuh"
#include "common/reduce.cuh"

#define THREADS 256

DEVICE float logit_of(const float* logits, i64 i) {
  float l = logits[i];
  return l != l ? NEGATIVE_INFINITY : l;
}

DEVICE u32 ordered(float x) {
  u32 bits = __float_as_uint(x + 0.0f);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

DEVICE u64 units(float weight) { return (u64)((double)weight * 17592186044416.0); }

// The largest logit and, of equal ones, the lowest index.
DEVICE u64 best_logit(const float* logits, i64 vocabulary, u64* scratch) {
  u64 best = 0;
  for (i64 i = threadIdx.x; i < vocabulary; i += blockDim.x) {
    u64 mine = (u64)ordered(logit_of(logits, i)) << 32 | (0xffffffffu - (u32)i);
    best = mine > best ? mine : best;
  }
  return block_max(best, scratch);
}

KERNEL ts_sample_argmax(const float* logits, int* ids, i64 vocabulary, i64 step_logits) {
  __shared__ u64 scratch[WARP];
  const float* row = logits + (i64)blockIdx.x * step_logits;
  u64 best = best_logit(row, vocabulary, scratch);
  if (threadIdx.x == 0) {
    u32 index = 0xffffffffu - (u32)best;
    ids[blockIdx.x] = logit_of(row, index) == NEGATIVE_INFINITY ? -1 : (int)index;
  }
}

// The largest key whose members, with all above, are enough: `measure(key)` is what is at or above a key.
template <typename Measure>
DEVICE u32 largest_sufficient(Measure measure, u64 needed) {
  u32 key = 0;
  for (int bit = 31; bit >= 0; bit--) {
    u32 trial = key | 1u << bit;
    if (measure(trial) >= needed) key = trial;
  }
  return key;
}

// The sum over the warps before this one, the same in all of its lanes.
DEVICE u64 sum_before_warp(u64 x, u64* scratch, u64* total) {
  return __shfl_sync(ALL_LANES, block_exclusive_sum(x, scratch, total), 0);
}

// `weights` is a workspace of one float per logit.
KERNEL ts_sample(const float* logits, const float* uniform, int* ids, float* weights, i64 vocabulary,
                 i64 step_logits, i64 top_k, float temperature, float top_p, float min_p) {
  __shared__ u64 scratch[WARP];
  __shared__ int chosen;
  const float* row = logits + (i64)blockIdx.x * step_logits;
  float* weight = weights + (i64)blockIdx.x * vocabulary;
  // A warp owns neighbouring indices, so that sums over warps are sums in index order; its lanes take turns, so that
  // they read neighbours. Nobody else touches its weights.
  const int lane = lane_of_thread();
  const i64 share = ceil_div(vocabulary, blockDim.x) * WARP;
  const i64 start = min(vocabulary, warp_of_thread() * share), to = min(vocabulary, start + share), from = start + lane;

  u64 best = best_logit(row, vocabulary, scratch);
  float most = logit_of(row, 0xffffffffu - (u32)best);
  if (most == NEGATIVE_INFINITY) {
    if (threadIdx.x == 0) ids[blockIdx.x] = -1;
    return;
  }
  u32 least_logit = 0;
  if (top_k > 0 && top_k < vocabulary) {
    auto count = [&](u32 key) {
      u64 n = 0;
      for (i64 i = from; i < to; i += WARP) n += ordered(logit_of(row, i)) >= key;
      return block_sum(n, scratch);
    };
    least_logit = largest_sufficient(count, (u64)top_k);
  }
  u64 mine = 0;
  for (i64 i = from; i < to; i += WARP) {
    float l = logit_of(row, i);
    float exponent = l == most ? 0.0f : (l - most) / temperature;
    float w = ordered(l) >= least_logit ? expf(exponent) : 0.0f;
    weight[i] = w;
    mine += units(w);
  }
  u64 total = block_sum(mine, scratch);

  if (top_p < 1.0f) {
    u64 needed = (u64)ceil((double)top_p * (double)total);
    needed = needed < 1 ? 1 : needed > total ? total : needed;
    auto mass = [&](u32 key) {
      u64 sum = 0;
      for (i64 i = from; i < to; i += WARP) {
        float w = weight[i];
        sum += __float_as_uint(w) >= key ? units(w) : 0;
      }
      return block_sum(sum, scratch);
    };
    u32 least = largest_sufficient(mass, needed);
    u64 above = mass(least + 1);
    u64 each = units(__uint_as_float(least));
    // Of the weights at the border only as many stay as it takes, the lower indices first.
    u64 staying = each == 0 ? ~0ull : (needed - above + each - 1) / each;
    u64 ties = 0, all_ties;
    for (i64 i = from; i < to; i += WARP) ties += __float_as_uint(weight[i]) == least;
    u64 rank = sum_before_warp(ties, scratch, &all_ties);
    const u32 lower_lanes = (1u << lane) - 1;
    for (i64 first = start; first < to; first += WARP) {
      const i64 i = first + lane;
      const u32 bits = i < to ? __float_as_uint(weight[i]) : ~0u;
      const u32 tied = __ballot_sync(ALL_LANES, bits == least);
      if (bits < least || (bits == least && rank + __popc(tied & lower_lanes) >= staying)) weight[i] = 0.0f;
      rank += __popc(tied);
    }
  }
  mine = 0;
  for (i64 i = from; i < to; i += WARP) {
    float w = weight[i];
    if (w < min_p) weight[i] = w = 0.0f;
    mine += units(w);
  }
  u64 sum = sum_before_warp(mine, scratch, &total);
  u64 target = (u64)((double)uniform[blockIdx.x] * (double)total);
  target = target < total ? target : total - 1;
  if (threadIdx.x == 0) chosen = -1;
  __syncthreads();
  if (sum <= target && target < sum + warp_sum(mine)) {
    // The piece of a warp's width in which the running sum passes the target, and the lane of it.
    for (i64 first = start;; first += WARP) {
      const u64 own = first + lane < to ? units(weight[first + lane]) : 0, piece = warp_sum(own);
      if (sum + piece <= target) {
        sum += piece;
        continue;
      }
      int l = 0;
      while ((sum += __shfl_sync(ALL_LANES, own, l)) <= target) l++;
      if (lane == 0) chosen = (int)(first + l);
      break;
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) ids[blockIdx.x] = chosen;
}
