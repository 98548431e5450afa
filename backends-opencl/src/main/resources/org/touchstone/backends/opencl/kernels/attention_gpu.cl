// The gpu variant of attention.

// A tile of ROWS rows; scores of a block of keys are shared by the work-items, each with a few pairs
// of row and key, and every work-item owns columns of the output.
#define KEYS 32
#define DEPTH 32
#define PAIRS ((ROWS * KEYS + GROUP - 1) / GROUP)
// The weight of a key that a row does not see, minus zero, which no exponential is.
#define UNSEEN 0x80000000u

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void attention(
    ATTENTION_PARAMETERS, __local float *memory, __local ulong *row_of) {
  int me = get_local_id(0);
  int share = heads / kv_heads;
  place_t p;
  int alive = place_of(
      &p, (__global const int *)(queries_of + queries_of_at),
      (__global const int *)(keys_of + keys_of_at), mode, batch, queries, keys, share, splits, ROWS);
  __global const int *pages = (__global const int *)(table + table_at);
  int rows = alive ? (int)p.rows : 0;
  int depth = d1 + d2;
  __local float *q = memory;
  __local float *acc = q + ROWS * depth;
  __local float *k = acc + ROWS * dv;
  __local float *s = k + KEYS * (DEPTH + 1);
  __local float *most = s + ROWS * KEYS;
  __local float *sum = most + ROWS;
  __local float *alpha = sum + ROWS;
  __local float *base = alpha + ROWS;

  q1 += q1_at, q2 += q2_at, k1 += k1_at, k2 += k2_at, v += v_at;
  for (int e = me; e < ROWS * depth; e += GROUP) {
    int r = e / depth;
    int d = e % depth;
    long i = (p.first_row + r) / share;
    int head = p.key_head * share + (int)((p.first_row + r) % share);
    ulong token = p.query_base + i;
    float x = 0;
    if (r < rows) {
      x = d < d1
              ? operand(
                    q1, q1_type, p.sequence * q1_batch + token * q1_token + head * q1_head + d)
              : operand(
                    q2, q2_type,
                    p.sequence * q2_batch + token * q2_token + head * q2_head + d - d1);
    }
    q[e] = x;
  }
  for (int e = me; e < ROWS * dv; e += GROUP) {
    acc[e] = 0;
  }
  if (me < ROWS) {
    most[me] = MINUS_INF;
    sum[me] = 0;
  }
  long shift = p.keys - p.queries;
  long low = shift + p.first_row / share;
  long high = shift + (p.first_row + rows - 1) / share;
  long from = max(first_visible(low, window), (long)p.split * split_keys);
  long to = end_visible(high, p.keys, causal);
  to = splits == 1 ? to : min(to, (long)(p.split + 1) * split_keys);
  to = rows > 0 ? to : 0;
  // Blocks start at multiples of their size, so a row's sums do not depend on the other rows.
  long lowest = from;
  from = from / KEYS * KEYS;
  for (long at = from; at < to; at += KEYS) {
    int count = (int)min((long)KEYS, to - at);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = me; j < KEYS; j += GROUP) {
      long key = clamp(at + j, lowest, to - 1);
      row_of[j] = key_row(&p, pages, table_step, mode, page, key);
    }
    float dot[PAIRS];
    for (int t = 0; t < PAIRS; t++) {
      dot[t] = 0;
    }
    for (int d0 = 0; d0 < depth; d0 += DEPTH) {
      barrier(CLK_LOCAL_MEM_FENCE);
      for (int e = me; e < KEYS * DEPTH; e += GROUP) {
        int j = e / DEPTH;
        int d = d0 + e % DEPTH;
        float x = 0;
        if (j < count && d < depth) {
          x = d < d1
                  ? operand(
                        k1, k1_type,
                        p.sequence * k1_batch + row_of[j] * k1_token + p.key_head * k1_head + d)
                  : operand(
                        k2, k2_type,
                        p.sequence * k2_batch + row_of[j] * k2_token + p.key_head * k2_head + d
                            - d1);
        }
        k[j * (DEPTH + 1) + e % DEPTH] = x;
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      int n = min(DEPTH, depth - d0);
      for (int t = 0; t < PAIRS; t++) {
        int r = min((me + t * GROUP) / KEYS, ROWS - 1);
        int j = (me + t * GROUP) % KEYS;
        for (int d = 0; d < n; d++) {
          dot[t] = fma(q[r * depth + d0 + d], k[j * (DEPTH + 1) + d], dot[t]);
        }
      }
    }
    int seen[PAIRS];
    for (int t = 0; t < PAIRS; t++) {
      int r = (me + t * GROUP) / KEYS;
      int j = (me + t * GROUP) % KEYS;
      long position = shift + (p.first_row + r) / share;
      float x = dot[t] * scale;
      if (softcap != 0) {
        x = softcap * tanh(divide(x, softcap));
      }
      seen[t] = r < rows && j < count && at + j >= first_visible(position, window)
                && at + j < end_visible(position, p.keys, causal);
      if (r < ROWS) {
        s[r * KEYS + j] = seen[t] ? x : MINUS_INF;
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < ROWS) {
      float top = most[me];
      for (int j = 0; j < KEYS; j++) {
        float x = s[me * KEYS + j];
        top = x > top ? x : top;
      }
      base[me] = top == MINUS_INF ? 0 : top;
      alpha[me] = exp(most[me] - base[me]);
      most[me] = top;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int t = 0; t < PAIRS; t++) {
      int e = me + t * GROUP;
      if (e < ROWS * KEYS) {
        s[e] = seen[t] ? exp(s[e] - base[e / KEYS]) : as_float(UNSEEN);
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < ROWS) {
      float total = 0;
      for (int j = 0; j < KEYS; j++) {
        total += s[me * KEYS + j];
      }
      sum[me] = fma(sum[me], alpha[me], total);
    }
    for (int d = me; d < dv; d += GROUP) {
      float own[ROWS];
      for (int r = 0; r < ROWS; r++) {
        own[r] = acc[r * dv + d] * alpha[r];
      }
      for (int j = 0; j < count; j++) {
        float x = operand(
            v, v_type, p.sequence * v_batch + row_of[j] * v_token + p.key_head * v_head + d);
        for (int r = 0; r < ROWS; r++) {
          float weight = s[r * KEYS + j];
          // A masked key must not count, not even times zero; one that is seen must, as zero times infinity.
          own[r] = as_uint(weight) == UNSEEN ? own[r] : fma(weight, x, own[r]);
        }
      }
      for (int r = 0; r < ROWS; r++) {
        acc[r * dv + d] = own[r];
      }
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int r = 0; r < rows; r++) {
    long i = (p.first_row + r) / share;
    int head = p.key_head * share + (int)((p.first_row + r) % share);
    ulong token = p.query_base + i;
    float factor;
    float log_sum;
    float sink = has_sink ? ((__global const float *)(sinks + sinks_at))[head] : 0;
    settle(most[r], sum[r], sink, has_sink, &factor, &log_sum);
    __global float *state =
        (__global float *)(partial + partial_at)
        + (((p.sequence * p.queries + i) * heads + head) * splits + p.split) * (dv + 2);
    for (int d = me; d < dv; d += GROUP) {
      if (splits > 1) {
        state[2 + d] = acc[r * dv + d];
      } else {
        store(
            o + o_at, o_type, p.sequence * o_batch + token * o_token + head * o_head + d,
            acc[r * dv + d] * factor);
      }
    }
    if (me == 0 && splits > 1) {
      state[0] = most[r];
      state[1] = sum[r];
    } else if (me == 0 && has_lse) {
      ((__global float *)(lse + lse_at))[p.sequence * lse_batch + token * lse_token + head * lse_head] =
          log_sum;
    }
  }
}
