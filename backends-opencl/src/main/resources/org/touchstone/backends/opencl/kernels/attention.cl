// Softmax attention of a tile of rows over blocks of keys, one block after the other:
//   m' = max(m, max s), l' = l e^(m - m') + sum e^(s - m'), o' = o e^(m - m') + sum e^(s - m') v
// A row is a query of one head; rows of a tile share a key head. Source: FlashAttention-2 (arXiv
// 2307.08691); sinks: openai/gpt-oss.
#include "operands.cl"

#define PADDED 0
#define VARLEN 1
#define PAGED 2

#define MINUS_INF as_float(0xFF800000u)

// Queries and keys are two parts, [part 1 | part 2], of which the second may be empty. Steps are in
// elements, from sequence to sequence, token to token and head to head.
#define ATTENTION_PARAMETERS                                                                        \
  in_t q1, ulong q1_at, ulong q1_batch, ulong q1_token, ulong q1_head, in_t q2, ulong q2_at,        \
      ulong q2_batch, ulong q2_token, ulong q2_head, in_t k1, ulong k1_at, ulong k1_batch,          \
      ulong k1_token, ulong k1_head, in_t k2, ulong k2_at, ulong k2_batch, ulong k2_token,          \
      ulong k2_head, in_t v, ulong v_at, ulong v_batch, ulong v_token, ulong v_head, out_t o,       \
      ulong o_at, ulong o_batch, ulong o_token, ulong o_head, out_t lse, ulong lse_at,              \
      ulong lse_batch, ulong lse_token, ulong lse_head, out_t partial, ulong partial_at,            \
      in_t queries_of, ulong queries_of_at, in_t keys_of, ulong keys_of_at, in_t table,             \
      ulong table_at, ulong table_step, in_t sinks, ulong sinks_at, int q1_type, int q2_type,       \
      int k1_type, int k2_type, int v_type, int o_type, int d1, int d2, int dv, int heads,          \
      int kv_heads, int mode, int page, int batch, int causal, int has_sink, int has_lse,           \
      int value_in_key, int splits, int split_keys, int tile_rows, int block_keys, long queries,    \
      long keys, long window, float scale, float softcap

typedef struct {
  long first_row, rows;       // of all rows of the sequence and key head
  long queries, keys;         // of the sequence
  ulong query_base, key_base; // first tokens of packed sequences
  int sequence, key_head, split;
} place_t;

// Finds the tile of a group. Returns whether there is one.
static inline int place_of(
    place_t *p, __global const int *queries_of, __global const int *keys_of, int mode, int batch,
    long queries, long keys, int share, int splits, int tile_rows) {
  long tile = get_group_id(0);
  p->key_head = get_group_id(1) / splits;
  p->split = get_group_id(1) % splits;
  p->sequence = get_group_id(2);
  p->query_base = 0;
  p->key_base = 0;
  p->queries = queries;
  p->keys = mode == PAGED ? keys_of[p->sequence] : keys;
  if (mode == VARLEN) {
    int b = 0;
    for (; b < batch; b++) {
      long own = queries_of[b + 1] - queries_of[b];
      long tiles = (own * share + tile_rows - 1) / tile_rows;
      if (tile < tiles) {
        break;
      }
      tile -= tiles;
    }
    if (b == batch) {
      p->queries = 0;
      p->keys = 0;
    } else {
      p->queries = queries_of[b + 1] - queries_of[b];
      p->keys = keys_of[b + 1] - keys_of[b];
      p->query_base = queries_of[b];
      p->key_base = keys_of[b];
    }
    p->sequence = 0;
  }
  p->first_row = tile * tile_rows;
  p->rows = min((long)tile_rows, p->queries * share - p->first_row);
  return p->rows > 0;
}

static inline long first_visible(long position, long window) {
  return window == 0 ? 0 : max(0l, position - window + 1);
}

static inline long end_visible(long position, long keys, int causal) {
  return causal ? clamp(position + 1, 0l, keys) : keys;
}

// The token row of key j.
static inline ulong key_row(
    const place_t *p, __global const int *table, ulong table_step, int mode, int page, long j) {
  return mode == PAGED ? (ulong)table[p->sequence * table_step + j / page] * page + j % page
                       : p->key_base + j;
}

// What a row's output takes from the sums: its sum is divided by l and its sink counts there.
static inline void settle(float m, float l, float sink, int has_sink, float *factor, float *lse) {
  *lse = m + log(l);
  *factor = divide(1.0f, l);
  if (m == MINUS_INF) {
    // No key is visible, or every score is minus infinity.
    *lse = MINUS_INF;
    *factor = l == 0 ? 0 : *factor;
  } else if (has_sink) {
    float most = max(m, sink);
    float own = exp(m - most);
    *factor = divide(own, l * own + exp(sink - most));
  }
}

#ifdef VARIANT_CPU
static inline float16 capped16(float16 s, float softcap) {
  return softcap == 0 ? s : softcap * tanh(divide_lanes(s, (float16)(softcap)));
}

static inline float most16(float16 x) {
  float8 a = x.lo > x.hi ? x.lo : x.hi;
  float4 b = a.lo > a.hi ? a.lo : a.hi;
  float2 c = b.lo > b.hi ? b.lo : b.hi;
  return c.lo > c.hi ? c.lo : c.hi;
}

// Scores of three rows of q and four keys at a time.
static inline void scores(
    __local const float *q, __local const float *k, __local float *s, int rows, int keys, int pitch,
    int s_pitch) {
#define TERM(i)                              \
  a##i = vload8(0, at + i * pitch + x);      \
  s##i##0 = fma(a##i, b0, s##i##0);          \
  s##i##1 = fma(a##i, b1, s##i##1);          \
  s##i##2 = fma(a##i, b2, s##i##2);          \
  s##i##3 = fma(a##i, b3, s##i##3);
  for (int row = 0; row < rows; row += 3) {
    __local const float *at = q + row * pitch;
    for (int key = 0; key < keys; key += 4) {
      float8 s00 = 0, s01 = 0, s02 = 0, s03 = 0;
      float8 s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      float8 s20 = 0, s21 = 0, s22 = 0, s23 = 0;
      __local const float *from = k + key * pitch;
      for (int x = 0; x < pitch; x += 8) {
        float8 a0, a1, a2;
        float8 b0 = vload8(0, from + x);
        float8 b1 = vload8(0, from + pitch + x);
        float8 b2 = vload8(0, from + 2 * pitch + x);
        float8 b3 = vload8(0, from + 3 * pitch + x);
        TERM(0) TERM(1) TERM(2)
      }
      __local float *to = s + row * s_pitch + key;
      vstore4(sums(s00, s01, s02, s03), 0, to);
      vstore4(sums(s10, s11, s12, s13), 0, to + s_pitch);
      vstore4(sums(s20, s21, s22, s23), 0, to + 2 * s_pitch);
    }
  }
#undef TERM
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
#else
// A tile of ROWS rows; scores of a block of keys are shared by the work-items, each with a few pairs
// of row and key, and every work-item owns columns of the output.
#define KEYS 32
#define DEPTH 32
#define PAIRS ((ROWS * KEYS + GROUP - 1) / GROUP)

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
    for (int t = 0; t < PAIRS; t++) {
      int r = (me + t * GROUP) / KEYS;
      int j = (me + t * GROUP) % KEYS;
      long position = shift + (p.first_row + r) / share;
      float x = dot[t] * scale;
      if (softcap != 0) {
        x = softcap * tanh(divide(x, softcap));
      }
      int seen = r < rows && j < count && at + j >= first_visible(position, window)
                 && at + j < end_visible(position, p.keys, causal);
      if (r < ROWS) {
        s[r * KEYS + j] = seen ? x : MINUS_INF;
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
        s[e] = exp(s[e] - base[e / KEYS]);
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
          // A masked key must not count, not even times zero.
          own[r] = weight == 0 ? own[r] : fma(weight, x, own[r]);
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
    // A split without keys does not count; one of NaN does.
    if (own[1] != 0) {
      sum = fma(own[1], exp(own[0] - base), sum);
    }
  }
  float factor;
  float log_sum;
  float sink = has_sink ? ((__global const float *)(sinks + sinks_at))[head] : 0;
  settle(most, sum, sink, has_sink, &factor, &log_sum);
  for (int d = get_local_id(0); d < dv; d += GROUP) {
    float total = 0;
    for (int x = 0; x < splits; x++) {
      __global const float *own = state + (ulong)x * (dv + 2);
      if (own[1] != 0) {
        total = fma(own[2 + d], exp(own[0] - base), total);
      }
    }
    store(o + o_at, o_type, b * o_batch + i * o_token + head * o_head + d, total * factor);
  }
  if (has_lse && get_local_id(0) == 0) {
    ((__global float *)(lse + lse_at))[b * lse_batch + i * lse_token + head * lse_head] = log_sum;
  }
}
