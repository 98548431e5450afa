// Operators that move rows.

// y[t] = round(scale * table[ids[t]]); id -1 gives zeros, any other id outside the table NaN. A group
// takes a strip of a token.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void embedding(
    in_t ids, ulong ids_at, in_t table, ulong table_at, ulong table_step, out_t y, ulong y_at,
    ulong y_step, int table_type, int y_type, float scale, long vocabulary, ulong hidden, int strip) {
  ulong token = get_group_id(1);
  ulong from = get_group_id(0) * (ulong)strip;
  int count = (int)min((ulong)strip, hidden - from);
  table += table_at;
  y += y_at;
  long id = ((__global const int *)(ids + ids_at))[token];
  int known = id >= 0 && id < vocabulary;
  for (int i = FIRST; i < count; i += STEP) {
    lanes v = id == -1 ? 0.0f : quiet_nan();
    if (known) {
      v = scale * load_lanes(table, table_type, (ulong)id * table_step + from + i, count - i);
    }
    store_lanes(y, y_type, token * y_step + from + i, count - i, v);
  }
}

// Writes row `token` of `heads` heads to place `slot` of a dense cache. A group takes a token.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void kv_cache_write(
    in_t x, ulong x_at, ulong x_token, ulong x_head, in_t slots, ulong slots_at,
    out_t cache, ulong cache_at, int x_type, int cache_type, int heads, int dim,
    ulong width, ulong column, long places) {
  ulong token = get_group_id(0);
  long slot = ((__global const long *)(slots + slots_at))[token];
  if (slot < 0 || slot >= places) {
    return;
  }
  x += x_at;
  cache += cache_at;
  for (int head = 0; head < heads; head++) {
    ulong from = token * x_token + head * x_head;
    ulong to = (ulong)slot * width + column + (ulong)head * dim;
    if (x_type == cache_type) {
      // Bit by bit.
      for (int i = get_local_id(0); i < dim; i += GROUP) {
        if (x_type == F32) {
          ((__global uint *)cache)[to + i] = ((__global const uint *)x)[from + i];
        } else {
          ((__global ushort *)cache)[to + i] = ((__global const ushort *)x)[from + i];
        }
      }
    } else {
      for (int i = FIRST; i < dim; i += STEP) {
        store_lanes(cache, cache_type, to + i, dim - i, load_lanes(x, x_type, from + i, dim - i));
      }
    }
  }
}

// y[t] = round(sum_j weights[t, j] * o[positions[t, j]] + shared[t]), in slot order; position -1 is
// skipped. A group takes a strip of a token.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void moe_combine(
    in_t o, ulong o_at, ulong o_step, in_t weights, ulong weights_at, ulong weights_step,
    in_t positions, ulong positions_at, ulong positions_step, in_t shared, ulong shared_at,
    ulong shared_step, out_t y, ulong y_at, ulong y_step, int o_type, int y_type, int has_shared,
    int top_k, ulong hidden, int strip) {
  ulong token = get_group_id(1);
  ulong from = get_group_id(0) * (ulong)strip;
  int count = (int)min((ulong)strip, hidden - from);
  o += o_at;
  shared += shared_at;
  y += y_at;
  __global const float *w = (__global const float *)(weights + weights_at) + token * weights_step;
  __global const int *at = (__global const int *)(positions + positions_at) + token * positions_step;
  for (int i = FIRST; i < count; i += STEP) {
    int left = count - i;
    lanes sum = 0;
    for (int j = 0; j < top_k; j++) {
      if (at[j] >= 0) {
        lanes v = load_lanes(o, o_type, (ulong)at[j] * o_step + from + i, left);
        sum = fma((lanes)(w[j]), v, sum);
      }
    }
    if (has_shared) {
      sum += load_lanes(shared, o_type, token * shared_step + from + i, left);
    }
    store_lanes(y, y_type, token * y_step + from + i, left, sum);
  }
}
