// A block of threads routes one token. The best expert is found k times; a taken one leaves the race.
// Sources: DeepSeek-V3, inference/model.py (Gate); openai/gpt-oss.
#include "common/format.cuh"
#include "common/reduce.cuh"

enum Score { SOFTMAX = 0, SIGMOID = 1, SQRT_SOFTPLUS = 2, IDENTITY = 3 };
enum Renorm { NONE = 0, SUM = 1, SOFTMAX_TOPK = 2 };

// Orders floats as unsigned numbers; both zeros are one.
DEVICE u32 ordered(float x) {
  u32 bits = __float_as_uint(x + 0.0f);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Greater for the larger score, and for the lower index of equal ones; never 0.
DEVICE u64 candidate(float score, u32 index) { return (u64)ordered(score) << 32 | (0xffffffffu - index); }

DEVICE u32 index_of(u64 candidate) { return 0xffffffffu - (u32)candidate; }

DEVICE float group_value(const float* biased, int size, int sum_of_two) {
  float first = NEGATIVE_INFINITY, second = NEGATIVE_INFINITY;
  for (int i = 0; i < size; i++) {
    float x = biased[i];
    if (x > first) {
      second = first;
      first = x;
    } else if (x > second) {
      second = x;
    }
  }
  float value = sum_of_two ? first + second : first;
  return value != value ? NEGATIVE_INFINITY : value;
}

// Turns chosen scores into weights, one after the other, as the sum is defined.
DEVICE void renormalise(float* w, int top_k, int renorm, float eps) {
  if (renorm == SUM) {
    float sum = 0.0f;
    for (int j = 0; j < top_k; j++) sum += w[j];
    sum += eps;
    for (int j = 0; j < top_k; j++) w[j] = sum == 0.0f ? 0.0f : w[j] / sum;
  } else if (renorm == SOFTMAX_TOPK) {
    float most = NEGATIVE_INFINITY, sum = 0.0f;
    for (int j = 0; j < top_k; j++) most = fmaxf(most, w[j]);
    for (int j = 0; j < top_k; j++) {
      w[j] = most == NEGATIVE_INFINITY ? 0.0f : expf(w[j] - most);
      sum += w[j];
    }
    for (int j = 0; j < top_k; j++) w[j] = sum == 0.0f ? 0.0f : w[j] / sum;
  }
}

// Dynamic shared memory: score[E], biased[E], weight[k], groups[G] floats, then taken[E] and kept[G] as integers.
KERNEL ts_moe_route(const float* logits, const float* bias, const u8* mask, int* indices, float* weights,
                    int* diagnostics, int experts, int top_k, int groups, int kept_groups, i64 step_logits,
                    i64 step_indices, i64 step_weights, float eps, float scale, int score_kind, int sum_of_two,
                    int renorm) {
  extern __shared__ float shared[];
  __shared__ float scratch[WARP];
  __shared__ u64 best_scratch[WARP];
  float* score = shared;
  float* biased = score + experts;
  float* weight = biased + experts;
  float* group_score = weight + top_k;
  int* taken = (int*)(group_score + groups);
  int* kept = taken + experts;
  i64 token = blockIdx.x;
  int t = threadIdx.x;
  if (mask != nullptr && mask[token] == 0) {
    for (int j = t; j < top_k; j += blockDim.x) {
      indices[token * step_indices + j] = -1;
      weights[token * step_weights + j] = 0.0f;
    }
    return;
  }
  float most = NEGATIVE_INFINITY;
  for (int e = t; e < experts; e += blockDim.x) {
    float l = logits[token * step_logits + e];
    if (l != l) {
      l = NEGATIVE_INFINITY;
      if (diagnostics != nullptr) atomicOr(diagnostics, 1);
    }
    score[e] = l;
    most = fmaxf(most, l);
  }
  if (score_kind == SOFTMAX) {
    most = block_max(most, scratch);
    float sum = 0.0f;
    for (int e = t; e < experts; e += blockDim.x) {
      score[e] = most == NEGATIVE_INFINITY ? 0.0f : expf(score[e] - most);
      sum += score[e];
    }
    sum = block_sum(sum, scratch);
    for (int e = t; e < experts; e += blockDim.x) score[e] = sum == 0.0f ? 0.0f : score[e] / sum;
  } else {
    for (int e = t; e < experts; e += blockDim.x) {
      float l = score[e];
      if (score_kind == SIGMOID) l = 1.0f / (1.0f + expf(-l));
      // Far below zero the soft plus is exp(l) but for less than half a unit, and may be too small for FP32 where its root is not.
      if (score_kind == SQRT_SOFTPLUS) l = l < -17.0f ? expf(0.5f * l) : sqrtf(l > 20.0f ? l : log1pf(expf(l)));
      score[e] = l;
    }
  }
  for (int e = t; e < experts; e += blockDim.x) {
    float b = bias == nullptr ? score[e] : score[e] + bias[e];
    biased[e] = b != b ? NEGATIVE_INFINITY : b;
    taken[e] = 0;
  }
  __syncthreads();
  int group_size = experts / groups;
  if (groups > 1) {
    for (int g = t; g < groups; g += blockDim.x) {
      group_score[g] = group_value(biased + g * group_size, group_size, sum_of_two);
      kept[g] = 0;
    }
    __syncthreads();
    for (int n = 0; n < kept_groups; n++) {
      u64 best = 0;
      for (int g = t; g < groups; g += blockDim.x) {
        u64 mine = kept[g] ? 0 : candidate(group_score[g], g);
        best = mine > best ? mine : best;
      }
      best = block_max(best, best_scratch);
      if (t == 0) kept[index_of(best)] = 1;
      __syncthreads();
    }
    for (int e = t; e < experts; e += blockDim.x) taken[e] = !kept[e / group_size];
    __syncthreads();
  }
  for (int j = 0; j < top_k; j++) {
    u64 best = 0;
    for (int e = t; e < experts; e += blockDim.x) {
      u64 mine = taken[e] ? 0 : candidate(biased[e], e);
      best = mine > best ? mine : best;
    }
    best = block_max(best, best_scratch);
    if (t == 0) {
      int e = (int)index_of(best);
      taken[e] = 1;
      weight[j] = score[e];
      indices[token * step_indices + j] = e;
    }
    __syncthreads();
  }
  if (t == 0) renormalise(weight, top_k, renorm, eps);
  __syncthreads();
  for (int j = t; j < top_k; j += blockDim.x) weights[token * step_weights + j] = weight[j] * scale;
}
