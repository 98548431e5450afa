// Steps of moe_forward around the matrix products. A slot is t * top_k + j; its place is its row among
// the slots in expert order.
#include "activation.cl"

#ifdef VARIANT_CPU
#define REDUCTION_PARAMETER
#define HIDDEN_PARTS 8
#else
// Local memory is an argument: PoCL 3.1 gives a kernel's own local arrays to several groups at once.
#define REDUCTION_PARAMETER , __local float *reduction
#define HIDDEN_PARTS ((127 + GROUP) / GROUP)
#endif

// Sorts slots by expert, stably: offsets[e] is the first place of expert e, order[place] the slot and
// place[slot] its place, -1 without an expert. One group.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_sort(
    in_t indices, ulong indices_at, ulong indices_step, out_t offsets, ulong offsets_at, out_t order,
    ulong order_at, out_t place, ulong place_at, int experts, int top_k, long tokens) {
  indices += indices_at;
  __global int *offset = (__global int *)(offsets + offsets_at);
  __global int *slot_at = (__global int *)(order + order_at);
  __global int *place_of = (__global int *)(place + place_at);
  __global const int *expert_of = (__global const int *)indices;
  int me = get_local_id(0);
#if GROUP == 1
  for (int e = 0; e <= experts; e++) {
    offset[e] = 0;
  }
  for (long t = 0; t < tokens; t++) {
    for (int j = 0; j < top_k; j++) {
      int e = expert_of[t * indices_step + j];
      if (e >= 0 && e < experts) {
        offset[e]++;
      }
    }
  }
  int start = 0;
  for (int e = 0; e < experts; e++) {
    int count = offset[e];
    offset[e] = start;
    start += count;
  }
  for (long t = 0; t < tokens; t++) {
    for (int j = 0; j < top_k; j++) {
      int e = expert_of[t * indices_step + j];
      int known = e >= 0 && e < experts;
      int to = known ? offset[e]++ : -1;
      place_of[t * top_k + j] = to;
      if (known) {
        slot_at[to] = (int)(t * top_k + j);
      }
    }
  }
  // Every entry has moved to the end of its segment.
  for (int e = experts; e > 0; e--) {
    offset[e] = offset[e - 1];
  }
  offset[0] = 0;
#else
  // An expert belongs to one work-item, which visits the slots in their order.
  for (int e = me; e < experts; e += GROUP) {
    int count = 0;
    for (long t = 0; t < tokens; t++) {
      for (int j = 0; j < top_k; j++) {
        count += expert_of[t * indices_step + j] == e;
      }
    }
    offset[e + 1] = count;
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  if (me == 0) {
    offset[0] = 0;
    for (int e = 0; e < experts; e++) {
      offset[e + 1] += offset[e];
    }
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  for (int e = me; e < experts; e += GROUP) {
    int to = offset[e];
    for (long t = 0; t < tokens; t++) {
      for (int j = 0; j < top_k; j++) {
        if (expert_of[t * indices_step + j] == e) {
          slot_at[to] = (int)(t * top_k + j);
          place_of[t * top_k + j] = to++;
        }
      }
    }
  }
  for (long slot = me; slot < tokens * top_k; slot += GROUP) {
    int e = expert_of[slot / top_k * indices_step + slot % top_k];
    if (e < 0 || e >= experts) {
      place_of[slot] = -1;
    }
  }
#endif
}

// The scale of a group, from the bits of its largest magnitude.
static inline float scale_of(uint most) {
  uint amax = max(most, as_uint(1e-4f));
  return amax > INF_BITS ? quiet_nan() : divide(as_float(amax), 448.0f);
}

static inline void put_code(out_t q, ulong i, int left, lanes x) {
#ifdef VARIANT_CPU
  uchar part[16];
  vstore16(f32_to_e4m3fn_16(x), 0, part);
  for (int j = 0; j < min(left, 16); j++) {
    q[i + j] = part[j];
  }
#else
  q[i] = (uchar)f32_to_fp8(E4M3FN, x, 1);
#endif
}

// Codes and FP32 scales of 128 columns of x. Groups: 128 columns, tokens.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_input(
    in_t x, ulong x_at, ulong x_step, out_t q, ulong q_at, out_t scale, ulong scale_at, int x_type,
    ulong columns REDUCTION_PARAMETER) {
  ulong token = get_group_id(1);
  ulong block = get_group_id(0);
  ulong from = block * 128;
  int count = (int)min((ulong)128, columns - from);
  x += x_at;
  q += q_at;
  ulanes most = 0;
  for (int i = FIRST; i < count; i += STEP) {
    lanes v = load_lanes(x, x_type, token * x_step + from + i, count - i);
    most = max(most, as_ulanes(v) & 0x7FFFFFFFu);
  }
  float s = scale_of(group_max_bits(most, REDUCTION));
  for (int i = FIRST; i < count; i += STEP) {
    lanes v = load_lanes(x, x_type, token * x_step + from + i, count - i);
    put_code(q, token * columns + from + i, count - i, divide_lanes(v, (lanes)(s)));
  }
  if (get_local_id(0) == 0) {
    ((__global float *)(scale + scale_at))[token * get_num_groups(0) + block] = s;
  }
}

// One group of 128 hidden activations of a slot: activation, routing weight, rounding and, for FP8,
// quantisation with a scale of its own; and their taps. Groups: 128 columns, slots. place absent: row
// = slot.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_hidden(
    in_t h, ulong h_at, in_t place, ulong place_at, in_t weights, ulong weights_at,
    ulong weights_step, out_t a, ulong a_at, out_t scale, ulong scale_at, out_t tap, ulong tap_at,
    ulong tap_token, ulong tap_slot, out_t scale_tap, ulong scale_tap_at, ulong scale_tap_token,
    ulong scale_tap_slot, int h_type, int hidden_type, int quantised, int kind, float limit,
    int interleaved, int routed, int weight_inside, int has_tap, int has_scale_tap, int top_k,
    ulong intermediate REDUCTION_PARAMETER) {
  long slot = get_group_id(1);
  ulong block = get_group_id(0);
  ulong blocks = get_num_groups(0);
  ulong from = block * 128;
  int count = (int)min((ulong)128, intermediate - from);
  long token = slot / top_k;
  long j = slot % top_k;
  long row = routed ? ((__global const int *)(place + place_at))[slot] : slot;
  tap += tap_at;
  ulong tap_row = token * tap_token + j * tap_slot + from;
  __global float *scale_tapped =
      (__global float *)(scale_tap + scale_tap_at) + token * scale_tap_token + j * scale_tap_slot;
  h += h_at;
  a += a_at;
  // Every work-item reaches the reduction, whatever the slot.
  int live = row < 0 ? 0 : count;
  float factor = 1;
  if (weight_inside) {
    factor = ((__global const float *)(weights + weights_at))[token * weights_step + j];
  }
  ulong h_row = row * 2 * intermediate;
  ulong a_row = row * intermediate + from;
  lanes value[HIDDEN_PARTS];
  ulanes most = 0;
  for (int part = 0; part < HIDDEN_PARTS; part++) {
    int i = FIRST + part * STEP;
    int left = live - i;
    value[part] = 0;
    if (left > 0) {
      lanes g;
      lanes u;
      if (interleaved) {
        load_pairs(h, h_type, h_row + 2 * (from + i), left, &g, &u);
      } else {
        g = load_lanes(h, h_type, h_row + from + i, left);
        u = load_lanes(h, h_type, h_row + intermediate + from + i, left);
      }
      lanes y = activated(kind, limit, g, u);
      if (weight_inside) {
        y = y * factor;
      }
      value[part] = rounded_lanes(hidden_type, y);
    }
    most = max(most, as_ulanes(value[part]) & 0x7FFFFFFFu);
  }
  float s = scale_of(group_max_bits(most, REDUCTION));
  for (int part = 0; part < HIDDEN_PARTS; part++) {
    int i = FIRST + part * STEP;
    if (i >= count) {
      break;
    }
    lanes x = quantised && live ? divide_lanes(value[part], (lanes)(s)) : value[part];
    if (live && quantised) {
      put_code(a, a_row + i, count - i, x);
    } else if (live) {
      store_lanes(a, hidden_type, a_row + i, count - i, x);
    }
    if (has_tap && quantised) {
      put_code(tap, tap_row + i, count - i, x);
    } else if (has_tap) {
      store_lanes(tap, hidden_type, tap_row + i, count - i, x);
    }
  }
  if (get_local_id(0) == 0) {
    if (live && quantised) {
      ((__global float *)(scale + scale_at))[row * blocks + block] = s;
    }
    if (has_scale_tap) {
      scale_tapped[block] = live && quantised ? s : 0;
    }
  }
}

// sigma(x . gate), the multiplier of the shared expert. A group takes a token.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_shared_scale(
    in_t x, ulong x_at, ulong x_step, in_t gate, ulong gate_at, out_t scale, ulong scale_at,
    int x_type, int hidden REDUCTION_PARAMETER) {
  ulong token = get_group_id(0);
  x += x_at;
  gate += gate_at;
  lanes sum = 0;
  for (int i = FIRST; i < hidden; i += STEP) {
    int left = hidden - i;
    sum = fma(
        load_lanes(x, x_type, token * x_step + i, left), load_lanes(gate, F32, i, left), sum);
  }
  float dot = group_sum(sum, REDUCTION);
  if (get_local_id(0) == 0) {
    ((__global float *)(scale + scale_at))[token] = divide(1.0f, 1.0f + exp(-dot));
  }
}

// y[t] = round(sum_j weights[t, j] * o[place[t, j]] + shared_scale[t] * shared[t]), in slot order. A
// group takes a strip of a token.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_output(
    in_t o, ulong o_at, in_t place, ulong place_at, in_t weights, ulong weights_at,
    ulong weights_step, in_t shared, ulong shared_at, in_t scale, ulong scale_at, out_t y,
    ulong y_at, ulong y_step, int y_type, int weight_inside, int has_shared, int has_scale,
    int top_k, ulong hidden, int strip) {
  ulong token = get_group_id(1);
  ulong from = get_group_id(0) * (ulong)strip;
  int count = (int)min((ulong)strip, hidden - from);
  o += o_at;
  shared += shared_at;
  y += y_at;
  __global const float *w = (__global const float *)(weights + weights_at) + token * weights_step;
  __global const int *at = (__global const int *)(place + place_at) + token * top_k;
  float factor = has_scale ? ((__global const float *)(scale + scale_at))[token] : 1.0f;
  for (int i = FIRST; i < count; i += STEP) {
    int left = count - i;
    lanes sum = 0;
    for (int j = 0; j < top_k; j++) {
      if (at[j] >= 0) {
        lanes v = load_lanes(o, F32, (ulong)at[j] * hidden + from + i, left);
        sum = fma((lanes)(weight_inside ? 1.0f : w[j]), v, sum);
      }
    }
    if (has_shared) {
      sum = fma((lanes)(factor), load_lanes(shared, F32, token * hidden + from + i, left), sum);
    }
    store_lanes(y, y_type, token * y_step + from + i, left, sum);
  }
}
