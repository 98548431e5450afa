// What kernels of attention share: tensors of heads, sequences, visible keys, and the end of a row.
// Sources: FlashAttention-2 (arXiv 2307.08691), openai/gpt-oss for sinks, DeepSeek-V2 (arXiv 2405.04434) for queries
// and keys in two parts.
#pragma once
#include "format.cuh"

enum Packing { PADDED = 0, VARLEN = 1, PAGED = 2 };

// A tensor of heads: element d of head h of token t of batch b is at b · batch + t · token + h · head + d.
struct Heads {
  const void* p;
  i64 batch;
  i64 token;
  i64 head;
  int dim;
  int type;
};

struct Attention {
  Heads q1, q2, k1, k2, v, o;
  float* lse;
  i64 lse_batch, lse_token;
  const float* sinks;
  const int* cu_q;
  const int* cu_k;
  const int* block_table;
  const int* seq_lens;
  float* states;  // of splits; null when there is one
  i64 table_step;
  i64 page_size;
  i64 sequences;
  i64 queries;  // PADDED and PAGED: per sequence
  i64 keys;     // PADDED: per sequence
  i64 window;   // 0 for none
  i64 split_keys;
  i64 splits;
  i64 heads;
  i64 kv_heads;
  int packing;
  int causal;
  float scale;
  float softcap;
};

DEVICE i64 at(const Heads& x, i64 batch, i64 token, i64 head) {
  return batch * x.batch + token * x.token + head * x.head;
}

// The queries and keys that belong together. Tokens of tensors count from `first_query` and `first_key`.
struct Sequence {
  i64 number;
  i64 batch;
  i64 first_query;
  i64 first_key;
  i64 queries;
  i64 keys;
};

DEVICE Sequence sequence_at(const Attention& a, i64 number) {
  if (a.packing == VARLEN) {
    i64 first_query = a.cu_q[number], first_key = a.cu_k[number];
    return {number, 0, first_query, first_key, a.cu_q[number + 1] - first_query, a.cu_k[number + 1] - first_key};
  }
  return {number, number, 0, 0, a.queries, a.packing == PAGED ? a.seq_lens[number] : a.keys};
}

// Keys `begin` to `end - 1` are visible to a query.
struct Visible {
  i64 begin;
  i64 end;
};

DEVICE Visible visible_to(const Attention& a, const Sequence& s, i64 query) {
  i64 position = s.keys - s.queries + query;
  i64 begin = a.window == 0 ? 0 : max(0ll, position - a.window + 1);
  return {begin, a.causal ? max(0ll, min(s.keys, position + 1)) : s.keys};
}

// Where a key's token lies: batch and token of the key and value tensors.
struct KeyPlace {
  i64 batch;
  i64 token;
};

DEVICE KeyPlace place_of(const Attention& a, const Sequence& s, i64 key) {
  if (a.packing != PAGED) return {a.packing == PADDED ? s.batch : 0, s.first_key + key};
  u32 page = (u32)key / (u32)a.page_size;
  return {0, a.block_table[s.number * a.table_step + page] * a.page_size + ((u32)key - page * (u32)a.page_size)};
}

// The state of a split of a query and head: sums of values, their largest score, and the sum of their weights.
DEVICE float* state_of(const Attention& a, const Sequence& s, i64 query, i64 head, i64 split) {
  i64 row = (s.batch * a.queries + s.first_query + query) * a.heads + head;
  return a.states + (row * a.splits + split) * (a.v.dim + 2);
}

// What sums of values are multiplied with; 0 when no key was seen.
DEVICE float factor_of(const Attention& a, i64 head, float most, float sum) {
  if (most == NEGATIVE_INFINITY) return 0.0f;
  float sink = a.sinks == nullptr ? NEGATIVE_INFINITY : a.sinks[head];
  float reference = fmaxf(most, sink);
  float own = reference == most ? 1.0f : expf(most - reference);
  return own / (sum * own + (sink == NEGATIVE_INFINITY ? 0.0f : expf(sink - reference)));
}

DEVICE void store_lse(const Attention& a, const Sequence& s, i64 query, i64 head, float most, float sum) {
  if (a.lse != nullptr)
    a.lse[s.batch * a.lse_batch + (s.first_query + query) * a.lse_token + head] =
        most == NEGATIVE_INFINITY ? NEGATIVE_INFINITY : most + logf(sum);
}

DEVICE float capped(const Attention& a, float score) {
  return a.softcap == 0.0f ? score : a.softcap * tanhf(score / a.softcap);
}
