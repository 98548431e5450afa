// The cpu variant of attention: one work-item per group, rows by vectors.

static inline float most16(float16 x) {
  float8 high = UPPER(float8, x);
  float8 a = x.lo > high ? x.lo : high;
  float4 b = a.lo > a.hi ? a.lo : a.hi;
  float2 c = b.lo > b.hi ? b.lo : b.hi;
  return c.lo > c.hi ? c.lo : c.hi;
}

// Scores of three rows of q and four keys at a time.
static inline void scores(
    __local const float *q, __local const float *k, __local float *s, int rows, int keys, int pitch,
    int s_pitch) {
  for (int row = 0; row < rows; row += 3) {
    __local const float *at = q + row * pitch;
    for (int key = 0; key < keys; key += 4) {
      __local const float *from = k + key * pitch;
      THREE_BY_FOUR(at, pitch, from, pitch, pitch)
      __local float *to = s + row * s_pitch + key;
      vstore4(sums(s00, s01, s02, s03), 0, to);
      vstore4(sums(s10, s11, s12, s13), 0, to + s_pitch);
      vstore4(sums(s20, s21, s22, s23), 0, to + 2 * s_pitch);
    }
  }
}

// o = o * alpha + p v, six rows by sixteen columns at a time.
static inline void values(
    __local const float *p, __local const float *v, __local float *o, __local const float *alpha,
    int rows, int keys, int dv, int p_pitch, int v_pitch, int o_pitch) {
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define BEGIN(i) float16 c##i = vload16(0, to + i * o_pitch) * alpha[row + i];
#define TERM(i) c##i = fma((float16)(weight[i * p_pitch + j]), b, c##i);
#define END(i) vstore16(c##i, 0, to + i * o_pitch);
  int row = 0;
  for (; row + 6 <= rows; row += 6) {
    __local const float *weight = p + row * p_pitch;
    for (int column = 0; column < dv; column += 16) {
      __local float *to = o + row * o_pitch + column;
      EACH(BEGIN)
      for (int j = 0; j < keys; j++) {
        float16 b = vload16(0, v + j * v_pitch + column);
        EACH(TERM)
      }
      EACH(END)
    }
  }
#undef EACH
#define EACH(X) X(0) X(1)
  for (; row < rows; row += 2) {
    __local const float *weight = p + row * p_pitch;
    for (int column = 0; column < dv; column += 16) {
      __local float *to = o + row * o_pitch + column;
      EACH(BEGIN)
      for (int j = 0; j < keys; j++) {
        float16 b = vload16(0, v + j * v_pitch + column);
        EACH(TERM)
      }
      EACH(END)
    }
  }
#undef EACH
#undef BEGIN
#undef TERM
#undef END
}

// The same where a value is not finite: a masked key must not count, not even times zero.
static inline void values_of_visible(
    __local const float *p, __local const float *v, __local float *o, __local const float *alpha,
    __local const int *visible, int rows, int dv, int p_pitch, int v_pitch, int o_pitch) {
  for (int row = 0; row < rows; row++) {
    for (int d = 0; d < dv; d++) {
      float sum = o[row * o_pitch + d] * alpha[row];
      for (int j = visible[2 * row]; j < visible[2 * row + 1]; j++) {
        sum = fma(p[row * p_pitch + j], v[j * v_pitch + d], sum);
      }
      o[row * o_pitch + d] = sum;
    }
  }
}

static inline void ask_for_row(in_t p, int size, ulong element, int count) {
  for (int byte = 0; byte < count * size; byte += 64) {
    ask_for(p + element * size + byte);
  }
}

// Groups: tiles of rows, key heads times splits, sequences. The size of `memory` is computed by the
// host from the same terms.
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void attention(
    ATTENTION_PARAMETERS, __local float *memory) {
  int share = heads / kv_heads;
  place_t p;
  if (!place_of(
          &p, (__global const int *)(queries_of + queries_of_at),
          (__global const int *)(keys_of + keys_of_at), mode, batch, queries, keys, share, splits,
          tile_rows)) {
    return;
  }
  __global const int *pages = (__global const int *)(table + table_at);
  int pitch = (d1 + d2 + 15) & ~15;
  int wide = (dv + 15) & ~15;
  int rows = (int)p.rows;
  int padded = (tile_rows + 5) / 6 * 6;
  __local float *q = memory;
  __local float *k = q + padded * pitch;
  __local float *values_at = k + block_keys * pitch;
  __local float *s = values_at + (value_in_key ? 0 : block_keys * wide);
  __local float *acc = s + padded * block_keys;
  __local float *most = acc + padded * wide;
  __local float *sum = most + padded;
  __local float *alpha = sum + padded;
  __local int *visible = (__local int *)(alpha + padded);
  values_at = value_in_key ? k : values_at;
  int v_pitch = value_in_key ? pitch : wide;
  int used_rows = (rows + 2) / 3 * 3;

  q1 += q1_at, q2 += q2_at, k1 += k1_at, k2 += k2_at, v += v_at;
  long from = p.keys;
  long to = 0;
  for (int r = 0; r < padded; r++) {
    most[r] = MINUS_INF;
    sum[r] = 0;
    alpha[r] = 0;
    zeros(acc + r * wide, wide);
    zeros(s + r * block_keys, block_keys);
    if (r >= rows) {
      zeros(q + r * pitch, pitch);
      continue;
    }
    long i = (p.first_row + r) / share;
    int head = p.key_head * share + (int)((p.first_row + r) % share);
    ulong token = p.query_base + i;
    decode(
        q + r * pitch, q1, q1_type, p.sequence * q1_batch + token * q1_token + head * q1_head, d1);
    if (d2 > 0) {
      decode_to(
          q + r * pitch + d1, q2, q2_type,
          p.sequence * q2_batch + token * q2_token + head * q2_head, d2, pitch - d1);
    }
    long position = p.keys - p.queries + i;
    from = min(from, first_visible(position, window));
    to = max(to, end_visible(position, p.keys, causal));
  }
  from = max(from, (long)p.split * split_keys);
  to = min(to, splits == 1 ? to : (long)(p.split + 1) * split_keys);
  // Blocks start at multiples of their size, so a row's sums do not depend on the other rows.
  long lowest = from;
  from = from / block_keys * block_keys;

  for (long at = from; at < to; at += block_keys) {
    int count = (int)min((long)block_keys, to - at);
    uint16 largest = 0;
    // The next block comes while this one is computed; rows lie apart, so that no hardware foresees them.
    for (int j = 0; j < block_keys && at + block_keys + j < to; j++) {
      ulong row = key_row(&p, pages, table_step, mode, page, at + block_keys + j);
      ask_for_row(
          k1, bytes_of(k1_type), p.sequence * k1_batch + row * k1_token + p.key_head * k1_head, d1);
      if (!value_in_key) {
        ask_for_row(
            v, bytes_of(v_type), p.sequence * v_batch + row * v_token + p.key_head * v_head, dv);
      }
    }
    for (int j = 0; j < block_keys; j++) {
      __local float *key = k + j * pitch;
      if (j >= count || at + j < lowest) {
        zeros(key, pitch);
        zeros(values_at + j * v_pitch, v_pitch);
        continue;
      }
      ulong row = key_row(&p, pages, table_step, mode, page, at + j);
      decode(
          key, k1, k1_type, p.sequence * k1_batch + row * k1_token + p.key_head * k1_head, d1);
      if (d2 > 0) {
        decode_to(
            key + d1, k2, k2_type,
            p.sequence * k2_batch + row * k2_token + p.key_head * k2_head, d2, pitch - d1);
      }
      if (!value_in_key) {
        decode(
            values_at + j * wide, v, v_type,
            p.sequence * v_batch + row * v_token + p.key_head * v_head, dv);
      }
      for (int d = 0; d < dv; d += 16) {
        largest = max(
            largest, as_uint16(vload16(0, values_at + j * v_pitch + d)) & 0x7FFFFFFFu);
      }
    }
    scores(q, k, s, used_rows, (count + 3) & ~3, pitch, block_keys);
    for (int r = 0; r < rows; r++) {
      long position = p.keys - p.queries + (p.first_row + r) / share;
      int first = (int)clamp(first_visible(position, window) - at, 0l, (long)block_keys);
      int end = (int)clamp(end_visible(position, p.keys, causal) - at, 0l, (long)count);
      visible[2 * r] = first;
      visible[2 * r + 1] = end;
      float16 top = (float16)(MINUS_INF);
      const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      __local float *own = s + r * block_keys;
      for (int j = 0; j < block_keys; j += 16) {
        float16 x = capped16(vload16(0, own + j) * scale, softcap);
        x = lane + j >= first && lane + j < end ? x : (float16)(MINUS_INF);
        top = x > top ? x : top;
        vstore16(x, 0, own + j);
      }
      float before = most[r];
      float block_most = most16(top);
      float now = block_most > before ? block_most : before;
      float base = now == MINUS_INF ? 0 : now;
      float16 total = 0;
      for (int j = 0; j < block_keys; j += 16) {
        float16 x = exp(vload16(0, own + j) - base);
        total += x;
        vstore16(x, 0, own + j);
      }
      alpha[r] = exp(before - base);
      most[r] = now;
      sum[r] = fma(sum[r], alpha[r], group_sum(total, 0));
    }
    if (any((largest >= INF_BITS) != 0)) {
      values_of_visible(
          s, values_at, acc, alpha, visible, rows, dv, block_keys, v_pitch, wide);
    } else {
      values(s, values_at, acc, alpha, rows, count, dv, block_keys, v_pitch, wide);
    }
  }

  for (int r = 0; r < rows; r++) {
    long i = (p.first_row + r) / share;
    int head = p.key_head * share + (int)((p.first_row + r) % share);
    __local float *own = acc + r * wide;
    if (splits > 1) {
      __global float *state =
          (__global float *)(partial + partial_at)
          + (((p.sequence * p.queries + i) * heads + head) * splits + p.split) * (dv + 2);
      state[0] = most[r];
      state[1] = sum[r];
      for (int d = 0; d < dv; d++) {
        state[2 + d] = own[d];
      }
      continue;
    }
    ulong token = p.query_base + i;
    float factor;
    float log_sum;
    float sink = has_sink ? ((__global const float *)(sinks + sinks_at))[head] : 0;
    settle(most[r], sum[r], sink, has_sink, &factor, &log_sum);
    for (int d = 0; d < dv; d++) {
      store(
          o + o_at, o_type, p.sequence * o_batch + token * o_token + head * o_head + d,
          own[d] * factor);
    }
    if (has_lse) {
      ((__global float *)(lse + lse_at))[p.sequence * lse_batch + token * lse_token + head * lse_head] =
          log_sum;
    }
  }
}
