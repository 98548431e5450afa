// Decoding on processors: one query per sequence and a cache of BF16. The same sums as attention.cl, four
// rows at a time, so that neither keys nor values are stored again in a wider format: 16 codes become the
// elements of even and of odd place by one instruction each, and queries and sums lie in that order. A
// group takes several key heads, so that it reads whole rows of the cache one after the other.
#include "attention_terms.cl"

// The rows that are computed at once.
#define TEAM 4
#define EACH(X) X(0) X(1) X(2) X(3)

#define CODES(p) as_uint8(vload16(0, (__global const ushort *)(p)))

static inline float8 evens(uint8 codes) { return as_float8(codes << 16); }
static inline float8 odds(uint8 codes) { return as_float8(codes & 0xFFFF0000u); }

// Where element d lies when every 16 are parted into even and odd ones.
static inline int parted(int d) { return (d & ~15) | (d & 1) << 3 | (d & 15) >> 1; }

#define QUARTERS(join, v)                                                       \
  join(join((float4)((v).s0, (v).s1, (v).s2, (v).s3),                           \
            (float4)((v).s4, (v).s5, (v).s6, (v).s7)),                          \
       join((float4)((v).s8, (v).s9, (v).sa, (v).sb),                           \
            (float4)((v).sc, (v).sd, (v).se, (v).sf)))

static inline float4 larger4(float4 a, float4 b) { return a > b ? a : b; }
static inline float4 sum4(float4 a, float4 b) { return a + b; }

static inline float16 four_times(float4 v) {
  return (float16)(v.s0, v.s1, v.s2, v.s3, v.s0, v.s1, v.s2, v.s3,
                   v.s0, v.s1, v.s2, v.s3, v.s0, v.s1, v.s2, v.s3);
}

// What is asked for next, a head's part of a row at a time. Where the heads of a token lie side by side,
// whole rows are, one after the other: a third faster than the part of a single head of every row.
typedef struct {
  in_t at;
  ulong skip;  // bytes from the last part of a row to the first one of the next
  int bytes, part, parts;
} asking_t;

static inline asking_t asking_for(
    in_t first, ulong token, ulong head, int dim, int own_head, int own_heads, int count) {
  asking_t next;
  int wide = own_heads * head <= token && head == (ulong)dim;
  int piece = own_head * count;
  next.bytes = 2 * dim;
  next.parts = wide ? own_heads : 1;
  next.part = wide ? piece % own_heads : 0;
  next.skip = 2 * token - (ulong)(next.parts - 1) * next.bytes;
  next.at = wide ? first + 2 * token * (piece / own_heads) + next.part * next.bytes
                 : first + 2 * head * own_head;
  return next;
}

static inline void ask_on(asking_t *next) {
  for (int byte = 0; byte < next->bytes; byte += 64) {
    ask_for(next->at + byte);
  }
  next->part++;
  int ends = next->part == next->parts;
  next->at += ends ? next->skip : (ulong)next->bytes;
  next->part = ends ? 0 : next->part;
}

// Scores of four rows of q, two keys at a time; s holds the rows of a key side by side. `step` is the
// bytes from key to key.
static inline void team_scores(
    __local const float *q, in_t k, ulong step, __local float *s, int dim, int keys, asking_t *keys_ahead,
    asking_t *values_ahead) {
  for (int key = 0; key < keys; key += 2) {
    in_t at0 = k + key * step;
    in_t at1 = key + 1 < keys ? at0 + step : at0;
    for (int i = 0; i < 2; i++) {
      if (keys_ahead != 0) ask_on(keys_ahead);
      if (values_ahead != 0) ask_on(values_ahead);
    }
#define BEGIN(i) float8 a##i = 0, b##i = 0;
#define TERM(i)                                    \
  {                                                \
    float8 even = vload8(0, q + i * dim + x);      \
    float8 odd = vload8(0, q + i * dim + x + 8);   \
    a##i = fma(even, even0, a##i);                 \
    b##i = fma(even, even1, b##i);                 \
    a##i = fma(odd, odd0, a##i);                   \
    b##i = fma(odd, odd1, b##i);                   \
  }
    EACH(BEGIN)
    for (int x = 0; x < dim; x += 16) {
      uint8 codes0 = CODES(at0 + 2 * x);
      uint8 codes1 = CODES(at1 + 2 * x);
      float8 even0 = evens(codes0), odd0 = odds(codes0);
      float8 even1 = evens(codes1), odd1 = odds(codes1);
      EACH(TERM)
    }
    vstore4(sums(a0, a1, a2, a3), key, s);
    vstore4(sums(b0, b1, b2, b3), key + 1, s);
#undef BEGIN
#undef TERM
  }
}

// acc = acc * alpha + s v, two keys at a time
static inline void team_values(
    __local const float *s, in_t v, ulong step, __local float *acc, float4 alpha, int dim, int keys) {
#define BEGIN(i)                                              \
  float8 a##i = vload8(0, acc + i * dim + d) * alpha.s##i;    \
  float8 b##i = vload8(0, acc + i * dim + d + 8) * alpha.s##i;
#define TERM(i)                           \
  {                                       \
    float8 weight = (float8)(weights[i]); \
    a##i = fma(weight, even, a##i);       \
    b##i = fma(weight, odd, b##i);        \
  }
#define KEY(j)                                      \
  {                                                 \
    __local const float *weights = s + TEAM * (j);  \
    uint8 codes = CODES(at);                        \
    float8 even = evens(codes), odd = odds(codes);  \
    EACH(TERM)                                      \
    at += step;                                     \
  }
#define END(i)                            \
  vstore8(a##i, 0, acc + i * dim + d);    \
  vstore8(b##i, 0, acc + i * dim + d + 8);
  for (int d = 0; d < dim; d += 16) {
    EACH(BEGIN)
    in_t at = v + 2 * d;
    int j = 0;
    for (; j + 2 <= keys; j += 2) {
      KEY(j)
      KEY(j + 1)
    }
    if (j < keys) KEY(j)
    EACH(END)
  }
#undef BEGIN
#undef TERM
#undef KEY
#undef END
}

// Scores become weights, sums and largest scores move on. Returns the factor of what was summed before.
static inline float4 team_weights(
    __local float *s, __local float *most, __local float *sum, int keys, float scale, float softcap) {
  const int16 key = (int16)(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  float16 top = (float16)(MINUS_INF);
  for (int j = 0; j < keys; j += 4) {
    float16 x = capped16(vload16(0, s + TEAM * j) * scale, softcap);
    x = key + j < keys ? x : (float16)(MINUS_INF);
    top = x > top ? x : top;
    vstore16(x, 0, s + TEAM * j);
  }
  float4 before = vload4(0, most);
  float4 now = larger4(QUARTERS(larger4, top), before);
  float4 base = now == (float4)(MINUS_INF) ? (float4)(0) : now;
  float16 bases = four_times(base);
  float16 total = 0;
  for (int j = 0; j < keys; j += 4) {
    float16 x = exp(vload16(0, s + TEAM * j) - bases);
    total += x;
    vstore16(x, 0, s + TEAM * j);
  }
  float4 alpha = exp(before - base);
  vstore4(now, 0, most);
  vstore4(fma(vload4(0, sum), alpha, QUARTERS(sum4, total)), 0, sum);
  return alpha;
}

// Groups: one, `heads_at_once` key heads times splits, sequences. The states of splits are always joined by
// `merge`. Blocks of keys end where pages end, so that a block's rows lie in equal steps.
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void attention_decode(
    ATTENTION_PARAMETERS, int heads_at_once, __local float *memory) {
  int share = heads / kv_heads;
  place_t p;
  if (!place_of(
          &p, (__global const int *)(queries_of + queries_of_at),
          (__global const int *)(keys_of + keys_of_at), mode, batch, queries, keys, share, splits,
          tile_rows)) {
    return;
  }
  __global const int *pages = (__global const int *)(table + table_at);
  int first_head = p.key_head * heads_at_once;
  int own_heads = min(heads_at_once, kv_heads - first_head);
  int teams = (share + TEAM - 1) / TEAM;
  // A team keeps four queries, four sums of values, largest scores and sums of weights.
  int size = TEAM * (d1 + dv + 2);
  __local float *s = memory;
  __local float *states = memory + TEAM * block_keys;

  zeros(s, TEAM * block_keys);
  for (int t = 0; t < own_heads * teams; t++) {
    __local float *q = states + t * size;
    __local float *acc = q + TEAM * d1;
    for (int r = 0; r < TEAM; r++) {
      int row = t % teams * TEAM + r;
      int head = (first_head + t / teams) * share + row;
      ulong from = p.sequence * q1_batch + head * q1_head;
      for (int d = 0; d < d1; d++) {
        q[r * d1 + parted(d)] = row < share ? operand(q1 + q1_at, q1_type, from + d) : 0;
      }
      for (int d = 0; d < dv; d++) {
        acc[r * dv + d] = 0;
      }
      acc[TEAM * dv + r] = MINUS_INF;
      acc[TEAM * (dv + 1) + r] = 0;
    }
  }

  long position = p.keys - 1;
  long at = max(first_visible(position, window), (long)p.split * split_keys);
  long to = min(end_visible(position, p.keys, causal), (long)(p.split + 1) * split_keys);
  int count;
  for (; at < to; at += count) {
    count = (int)min(min((long)block_keys, to - at), page - at % page);
    ulong row = key_row(&p, pages, table_step, mode, page, at);
    // What is asked for beyond a page is no loss when the next page follows.
    long after = at + count;
    int more = after < to;
    ulong next_row = more ? key_row(&p, pages, table_step, mode, page, after) : 0;
    in_t next_key = k1 + k1_at + 2 * (first_head * k1_head + next_row * k1_token);
    in_t next_value = v + v_at + 2 * (first_head * v_head + next_row * v_token);
    for (int t = 0; t < own_heads * teams; t++) {
      ulong head = first_head + t / teams;
      __local float *q = states + t * size;
      __local float *acc = q + TEAM * d1;
      // The first team of a head asks for keys, the last one for values.
      asking_t keys_ahead =
          asking_for(next_key, k1_token, k1_head, d1, t / teams, own_heads, count);
      asking_t values_ahead =
          asking_for(next_value, v_token, v_head, dv, t / teams, own_heads, count);
      team_scores(
          q, k1 + k1_at + 2 * (head * k1_head + row * k1_token), 2 * k1_token, s, d1, count,
          more && t % teams == 0 ? &keys_ahead : 0,
          more && t % teams == teams - 1 ? &values_ahead : 0);
      float4 alpha =
          team_weights(s, acc + TEAM * dv, acc + TEAM * (dv + 1), count, scale, softcap);
      team_values(
          s, v + v_at + 2 * (head * v_head + row * v_token), 2 * v_token, acc, alpha, dv, count);
    }
  }

  for (int t = 0; t < own_heads * teams; t++) {
    __local const float *acc = states + t * size + TEAM * d1;
    for (int r = 0; r < TEAM && t % teams * TEAM + r < share; r++) {
      ulong head = (ulong)(first_head + t / teams) * share + t % teams * TEAM + r;
      __global float *state = (__global float *)(partial + partial_at)
                              + (((ulong)p.sequence * heads + head) * splits + p.split) * (dv + 2);
      state[0] = acc[TEAM * dv + r];
      state[1] = acc[TEAM * (dv + 1) + r];
      for (int d = 0; d < dv; d++) {
        state[2 + d] = acc[r * dv + parted(d)];
      }
    }
  }
}
