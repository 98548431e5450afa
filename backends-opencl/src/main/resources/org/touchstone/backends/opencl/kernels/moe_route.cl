// Chooses experts and their weights; a group takes a token, its workspace is two rows of scores and
// one of groups. Equal logits go through the same instructions, so that equal scores stay equal and
// the lower index wins.

#define SOFTMAX 0
#define SIGMOID 1
#define SQRT_SOFTPLUS 2
#define IDENTITY 3

#define SUM 1
#define SOFTMAX_TOPK 2

#define MINUS_INF as_float(0xFF800000u)

// NaN counts as -Inf.
static inline lanes without_nan(lanes x) {
  return (as_ulanes(x) & 0x7FFFFFFFu) > INF_BITS ? (lanes)(MINUS_INF) : x;
}

// Integers that are ordered as the numbers, unsigned; zeros are equal.
static inline uint order_of(float x) {
  uint bits = as_uint(x + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static inline float number_of(uint order) {
  return as_float(order >> 31 ? order & 0x7FFFFFFFu : ~order);
}

static inline ulanes order_lanes(lanes x) {
  ulanes bits = as_ulanes(x + 0.0f);
  return as_ulanes((bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u);
}

// Far below zero the soft plus is exp(l) but for less than half a unit, and may be too small for FP32 where its root is not.
static inline lanes softplus_root(lanes l) {
  lanes soft = log1p(exp(l));
  soft = l > 20.0f ? l : soft;
  lanes far_below = exp(0.5f * l);
#ifdef VARIANT_CPU
  float x[16];
  vstore16(soft, 0, x);
  for (int j = 0; j < 16; j++) {
    x[j] = root(x[j]);
  }
  lanes roots = vload16(0, x);
#else
  lanes roots = root(soft);
#endif
  return l < -17.0f ? far_below : roots;
}

// Renormalises the weights of a route in place.
static inline void finish_weights(
    __global float *weight, int top_k, int renorm, float renorm_eps, float scale) {
  if (renorm == SOFTMAX_TOPK) {
    float top = MINUS_INF;
    for (int j = 0; j < top_k; j++) {
      top = weight[j] > top ? weight[j] : top;
    }
    for (int j = 0; j < top_k; j++) {
      weight[j] = top == MINUS_INF ? 0.0f : exp(weight[j] - top);
    }
  }
  float divisor = 0;
  if (renorm != 0) {
    for (int j = 0; j < top_k; j++) {
      divisor += weight[j];
    }
    divisor += renorm == SUM ? renorm_eps : 0.0f;
  }
  for (int j = 0; j < top_k; j++) {
    float w = weight[j];
    w = renorm == 0 ? w : divisor == 0 ? 0.0f : divide(w, divisor);
    weight[j] = w * scale;
  }
}

__kernel void moe_route_reset(out_t diagnostics, ulong diagnostics_at) {
  *(__global int *)(diagnostics + diagnostics_at) = 0;
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_route(
    in_t logits, ulong logits_at, ulong logits_step, in_t bias, ulong bias_at, in_t mask,
    ulong mask_at, out_t indices, ulong indices_at, ulong indices_step, out_t weights,
    ulong weights_at, ulong weights_step, out_t diagnostics, ulong diagnostics_at,
    out_t scratch, ulong scratch_at, int has_bias, int has_mask, int has_diagnostics,
    int score_kind, int renorm, int experts, int top_k, int groups, int kept_groups, int top2,
    float renorm_eps, float scale) {
  REDUCTION_MEMORY;
  __local uint best_order[GROUP];
  __local int best_index[GROUP];
  int me = get_local_id(0);
  ulong token = get_group_id(0);
  __global int *index = (__global int *)(indices + indices_at) + token * indices_step;
  __global float *weight = (__global float *)(weights + weights_at) + token * weights_step;
  // A masked token goes through as the others do, because a group must meet at every barrier.
  int masked = has_mask && mask[mask_at + token] == 0;
  logits += logits_at;
  bias += bias_at;
  __global float *score =
      (__global float *)(scratch + scratch_at) + token * (2 * (ulong)experts + groups);
  __global float *biased = score + experts;
  __global float *group_value = biased + experts;
  in_t score_bytes = (in_t)score;
  ulong row = token * logits_step;

  int saw_nan = 0;
  ulanes most = 0;
  for (int i = FIRST; i < experts; i += STEP) {
    lanes l = load_lanes(logits, F32, row + i, experts - i);
#ifdef VARIANT_CPU
    saw_nan |= any((as_ulanes(l) & 0x7FFFFFFFu) > INF_BITS);
    lanes inside = without_nan(l);
    if (experts - i < 16) {
      // What fills up the last lanes must not be the largest.
      float part[16];
      vstore16(inside, 0, part);
      for (int j = experts - i; j < 16; j++) {
        part[j] = MINUS_INF;
      }
      inside = vload16(0, part);
    }
    most = max(most, order_lanes(inside));
#else
    saw_nan |= is_nan(l);
    most = max(most, order_lanes(without_nan(l)));
#endif
  }
  if (saw_nan && has_diagnostics && !masked) {
    atomic_or((volatile __global int *)(diagnostics + diagnostics_at), 1);
  }
  float sum = 0;
  float largest = 0;
  if (score_kind == SOFTMAX) {
    largest = number_of(group_max_bits(most, REDUCTION));
    lanes sums = 0;
    for (int i = FIRST; i < experts; i += STEP) {
      lanes l = without_nan(load_lanes(logits, F32, row + i, experts - i));
      lanes e = largest == MINUS_INF ? (lanes)(0) : exp(l - largest);
      store_lanes((out_t)score, F32, i, experts - i, e);
      e = load_lanes(score_bytes, F32, i, experts - i);
      sums += e;
    }
    sum = group_sum(sums, REDUCTION);
  }
  for (int i = FIRST; i < experts; i += STEP) {
    int left = experts - i;
    lanes s;
    if (score_kind == SOFTMAX) {
      lanes e = load_lanes(score_bytes, F32, i, left);
      s = sum == 0 ? (lanes)(0) : divide_lanes(e, (lanes)(sum));
    } else {
      lanes l = without_nan(load_lanes(logits, F32, row + i, left));
      s = score_kind == SIGMOID ? divide_lanes((lanes)(1), 1.0f + exp(-l))
          : score_kind == SQRT_SOFTPLUS ? softplus_root(l) : l;
    }
    store_lanes((out_t)score, F32, i, left, s);
    lanes b = has_bias ? s + load_lanes(bias, F32, i, left) : s;
    store_lanes((out_t)biased, F32, i, left, without_nan(b));
  }
  barrier(CLK_GLOBAL_MEM_FENCE);

  if (groups > 1) {
    int size = experts / groups;
    for (int g = me; g < groups; g += GROUP) {
      float first = MINUS_INF;
      float second = MINUS_INF;
      for (int e = g * size; e < (g + 1) * size; e++) {
        float b = biased[e];
        second = b > first ? first : b > second ? b : second;
        first = b > first ? b : first;
      }
      float value = top2 ? first + second : first;
      group_value[g] = is_nan(value) ? MINUS_INF : value;
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    if (me == 0) {
      // A kept group becomes NaN.
      for (int n = 0; n < kept_groups; n++) {
        int best = -1;
        for (int g = 0; g < groups; g++) {
          float value = group_value[g];
          if (!is_nan(value) && (best < 0 || value > group_value[best])) {
            best = g;
          }
        }
        group_value[best] = quiet_nan();
      }
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (int e = me; e < experts; e += GROUP) {
      if (!is_nan(group_value[e / size])) {
        biased[e] = quiet_nan();
      }
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
  }

  // The largest biased score, k times; a taken expert becomes NaN.
  for (int j = 0; j < top_k; j++) {
    uint order = 0;
    int best = -1;
    for (int e = me; e < experts; e += GROUP) {
      float b = biased[e];
      uint own = order_of(b);
      if (!is_nan(b) && (best < 0 || own > order)) {
        order = own;
        best = e;
      }
    }
    best_order[me] = order;
    best_index[me] = best;
    for (int half_group = GROUP / 2; half_group > 0; half_group >>= 1) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (me < half_group) {
        int mine = best_index[me];
        int other = best_index[me + half_group];
        uint my_order = best_order[me];
        uint other_order = best_order[me + half_group];
        int wins = other >= 0
            && (mine < 0 || other_order > my_order || (other_order == my_order && other < mine));
        if (wins) {
          best_index[me] = other;
          best_order[me] = other_order;
        }
      }
    }
    // Every work-item has read its scores before the best one is taken out.
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    best = best_index[0];
    if (me == 0) {
      index[j] = best;
      weight[j] = score[best];
      biased[best] = quiet_nan();
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  }

  if (me == 0) {
    finish_weights(weight, top_k, renorm, renorm_eps, scale);
    for (int j = 0; masked && j < top_k; j++) {
      index[j] = -1;
      weight[j] = 0;
    }
  }
}
