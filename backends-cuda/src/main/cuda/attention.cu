// A block of threads attends for one query and head. Scores of up to 1024 keys are made first, then their largest, so
// that a weight is one exponential, and one more for every 1024 keys that follow. Sums run in blocks of 128.
// Sources: FlashAttention-2 (arXiv 2307.08691), openai/gpt-oss for sinks, DeepSeek-V2 (arXiv 2405.04434) for queries
// and keys in two parts.
#include "common/format.cuh"
#include "common/reduce.cuh"

#define THREADS 128
#define KEYS 1024
#define SUM_BLOCK 128

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
  i64 table_step;
  i64 page_size;
  i64 sequences;
  i64 queries;  // PADDED and PAGED: per sequence
  i64 keys;     // PADDED: per sequence
  i64 window;   // 0 for none
  int heads;
  int kv_heads;
  int packing;
  int causal;
  float scale;
  float softcap;
};

DEVICE i64 at(const Heads& x, i64 batch, i64 token, i64 head) {
  return batch * x.batch + token * x.token + head * x.head;
}

// Dot product with a query in shared memory, summed in blocks.
DEVICE float dot(const float* q, const Heads& k, i64 offset, float sum) {
  for (int from = 0; from < k.dim; from += SUM_BLOCK) {
    int to = min(k.dim, from + SUM_BLOCK);
    float part = 0.0f;
    if (k.type == F32) {
      const float* row = (const float*)k.p + offset;
      for (int d = from; d < to; d++) part = fmaf(q[d], row[d], part);
    } else {
      const u16* row = (const u16*)k.p + offset;
      for (int d = from; d < to; d++) part = fmaf(q[d], decode_bf16(row[d]), part);
    }
    sum += part;
  }
  return sum;
}

// Where a key's token lies: batch and token of the key and value tensors.
struct KeyPlace {
  i64 batch;
  i64 token;
};

DEVICE KeyPlace place_of(const Attention& a, i64 sequence, i64 first_key, i64 key) {
  if (a.packing != PAGED) return {a.packing == PADDED ? sequence : 0, first_key + key};
  i64 page = a.block_table[sequence * a.table_step + key / a.page_size];
  return {0, page * a.page_size + key % a.page_size};
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) ts_attention(const __grid_constant__ Attention a) {
  extern __shared__ float shared[];
  __shared__ float score[KEYS];
  __shared__ float scratch[WARP];
  float* q = shared;
  float* out = q + a.q1.dim + a.q2.dim;
  const int t = threadIdx.x;
  const i64 token = blockIdx.x / a.heads, head = blockIdx.x - token * a.heads;
  const i64 key_head = head / (a.heads / a.kv_heads);

  i64 sequence, query, queries, keys, first_query = 0, first_key = 0;
  if (a.packing == VARLEN) {
    sequence = 0;
    while (sequence < a.sequences - 1 && token >= a.cu_q[sequence + 1]) sequence++;
    first_query = a.cu_q[sequence];
    first_key = a.cu_k[sequence];
    query = token - first_query;
    queries = a.cu_q[sequence + 1] - first_query;
    keys = a.cu_k[sequence + 1] - first_key;
  } else {
    sequence = token / a.queries;
    query = token - sequence * a.queries;
    queries = a.queries;
    keys = a.packing == PAGED ? a.seq_lens[sequence] : a.keys;
  }
  const i64 batch = a.packing == VARLEN ? 0 : sequence, q_token = first_query + query;
  const i64 position = keys - queries + query;
  const i64 begin = a.window == 0 ? 0 : max(0ll, position - a.window + 1);
  const i64 end = a.causal ? max(0ll, min(keys, position + 1)) : keys;

  for (int d = t; d < a.q1.dim; d += THREADS) q[d] = load(a.q1.p, at(a.q1, batch, q_token, head) + d, a.q1.type);
  for (int d = t; d < a.q2.dim; d += THREADS)
    q[a.q1.dim + d] = load(a.q2.p, at(a.q2, batch, q_token, head) + d, a.q2.type);
  for (int d = t; d < a.v.dim; d += THREADS) out[d] = 0.0f;
  __syncthreads();

  float most = NEGATIVE_INFINITY, sum = 0.0f;
  for (i64 from = begin; from < end; from += KEYS) {
    const int count = (int)min((i64)KEYS, end - from);
    float largest = NEGATIVE_INFINITY;
    for (int j = t; j < count; j += THREADS) {
      KeyPlace place = place_of(a, sequence, first_key, from + j);
      float s = dot(q, a.k1, at(a.k1, place.batch, place.token, key_head), 0.0f);
      s = a.k2.dim == 0 ? s : dot(q + a.q1.dim, a.k2, at(a.k2, place.batch, place.token, key_head), s);
      s *= a.scale;
      if (a.softcap != 0.0f) s = a.softcap * tanhf(s / a.softcap);
      score[j] = s;
      largest = fmaxf(largest, s);
    }
    largest = fmaxf(most, block_max(largest, scratch));
    if (largest == NEGATIVE_INFINITY) continue;
    const float rescale = most == NEGATIVE_INFINITY ? 0.0f : expf(most - largest);
    float mine = 0.0f;
    for (int j = t; j < count; j += THREADS) {
      float p = expf(score[j] - largest);
      score[j] = p;
      mine += p;
    }
    sum = fmaf(sum, rescale, block_sum(mine, scratch));
    most = largest;
    for (int d = t; d < a.v.dim; d += THREADS) {
      float value = out[d] * rescale;
      for (int j0 = 0; j0 < count; j0 += SUM_BLOCK) {
        float part = 0.0f;
        for (int j = j0; j < min(count, j0 + SUM_BLOCK); j++) {
          KeyPlace place = place_of(a, sequence, first_key, from + j);
          part = fmaf(score[j], load(a.v.p, at(a.v, place.batch, place.token, key_head) + d, a.v.type), part);
        }
        value += part;
      }
      out[d] = value;
    }
    __syncthreads();
  }

  if (t == 0 && a.lse != nullptr)
    a.lse[batch * a.lse_batch + q_token * a.lse_token + head] =
        most == NEGATIVE_INFINITY ? NEGATIVE_INFINITY : most + logf(sum);
  float factor = 0.0f;
  if (most != NEGATIVE_INFINITY) {
    float sink = a.sinks == nullptr ? NEGATIVE_INFINITY : a.sinks[head];
    float reference = fmaxf(most, sink);
    float own = reference == most ? 1.0f : expf(most - reference);
    float denominator = sum * own + (sink == NEGATIVE_INFINITY ? 0.0f : expf(sink - reference));
    factor = own / denominator;
  }
  for (int d = t; d < a.v.dim; d += THREADS)
    store((void*)a.o.p, at(a.o, batch, q_token, head) + d, a.o.type, factor == 0.0f ? 0.0f : out[d] * factor);
}
