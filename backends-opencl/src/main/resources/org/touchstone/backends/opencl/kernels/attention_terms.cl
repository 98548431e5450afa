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
#endif
