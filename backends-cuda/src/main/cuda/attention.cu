// A block of threads attends for one query, head and split of the keys. Scores of up to 1024 keys are made first, then
// their largest, so that a weight is one exponential, and one more for every 1024 keys that follow. Sums run in blocks
// of 128. Splits have a fixed length, so what is merged never depends on other sequences.
#include "common/attention.cuh"
#include "common/reduce.cuh"

#define THREADS 128
#define KEYS 1024
#define SUM_BLOCK 128

// Dot products of a query in shared memory with `rows` keys, the one of a lane at its `offset`, summed in blocks. The
// lanes read neighbouring elements of one key after the other and pass them on through `tile`.
DEVICE float dot(const float* q, const Heads& k, i64 offset, int rows, float (*tile)[WARP + 1], float sum) {
  const int lane = lane_of_thread();
  for (int from = 0; from < k.dim; from += SUM_BLOCK) {
    float part = 0.0f;
    for (int first = from; first < min(k.dim, from + SUM_BLOCK); first += WARP) {
      const int width = min(WARP, k.dim - first);
      __syncwarp();
      for (int r = 0; r < rows; r++) {
        const i64 i = __shfl_sync(ALL_LANES, offset, r) + first + lane;
        if (lane < width) tile[r][lane] = k.type == F32 ? ((const float*)k.p)[i] : decode_bf16(((const u16*)k.p)[i]);
      }
      __syncwarp();
      if (lane < rows)
        for (int d = 0; d < width; d++) part = fmaf(q[first + d], tile[lane][d], part);
    }
    sum += part;
  }
  return sum;
}

DEVICE i64 sequence_of_token(const Attention& a, i64 token) {
  if (a.packing != VARLEN) return token / a.queries;
  i64 sequence = 0;
  while (sequence < a.sequences - 1 && token >= a.cu_q[sequence + 1]) sequence++;
  return sequence;
}

// What a block or a warp works on: a query of a sequence, and a head.
struct Row {
  Sequence sequence;
  i64 query;
  i64 head;
};

DEVICE Row row_at(const Attention& a, i64 row) {
  i64 token = row / a.heads, head = row - token * a.heads;
  Sequence s = sequence_at(a, sequence_of_token(a, token));
  return {s, a.packing == VARLEN ? token - s.first_query : token - s.number * a.queries, head};
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) ts_attention(const __grid_constant__ Attention a) {
  extern __shared__ float shared[];
  __shared__ float score[KEYS];
  __shared__ float scratch[WARP];
  __shared__ float tiles[THREADS / WARP][WARP][WARP + 1];
  float* q = shared;
  float* out = q + a.q1.dim + a.q2.dim;
  const int t = threadIdx.x, lane = lane_of_thread();
  float(*const tile)[WARP + 1] = tiles[warp_of_thread()];
  const Row row = row_at(a, blockIdx.x);
  const Sequence& s = row.sequence;
  const i64 key_head = row.head / (a.heads / a.kv_heads), q_token = s.first_query + row.query;
  const Visible visible = visible_to(a, s, row.query);
  i64 begin = visible.begin, end = visible.end;
  if (a.splits > 1) {
    begin = max(begin, (i64)blockIdx.y * a.split_keys);
    end = min(end, (i64)(blockIdx.y + 1) * a.split_keys);
    if (begin >= end) return;
  }

  for (int d = t; d < a.q1.dim; d += THREADS) q[d] = load(a.q1.p, at(a.q1, s.batch, q_token, row.head) + d, a.q1.type);
  for (int d = t; d < a.q2.dim; d += THREADS)
    q[a.q1.dim + d] = load(a.q2.p, at(a.q2, s.batch, q_token, row.head) + d, a.q2.type);
  for (int d = t; d < a.v.dim; d += THREADS) out[d] = 0.0f;
  __syncthreads();

  float most = NEGATIVE_INFINITY, sum = 0.0f;
  for (i64 from = begin; from < end; from += KEYS) {
    const int count = (int)min((i64)KEYS, end - from);
    float largest = NEGATIVE_INFINITY;
    for (int first = t - lane; first < count; first += THREADS) {
      const int rows = min(WARP, count - first);
      const KeyPlace place = place_of(a, s, from + first + min(lane, rows - 1));
      float x = dot(q, a.k1, at(a.k1, place.batch, place.token, key_head), rows, tile, 0.0f);
      if (a.k2.dim != 0)
        x = dot(q + a.q1.dim, a.k2, at(a.k2, place.batch, place.token, key_head), rows, tile, x);
      if (lane >= rows) continue;
      x = capped(a, x * a.scale);
      score[first + lane] = x;
      largest = fmaxf(largest, x);
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
          KeyPlace place = place_of(a, s, from + j);
          part = fmaf(score[j], load(a.v.p, at(a.v, place.batch, place.token, key_head) + d, a.v.type), part);
        }
        value += part;
      }
      out[d] = value;
    }
    __syncthreads();
  }

  if (a.splits > 1) {
    float* state = state_of(a, s, row.query, row.head, blockIdx.y);
    for (int d = t; d < a.v.dim; d += THREADS) state[d] = out[d];
    if (t == 0) {
      state[a.v.dim] = most;
      state[a.v.dim + 1] = sum;
    }
    return;
  }
  if (t == 0) store_lse(a, s, row.query, row.head, most, sum);
  const float factor = factor_of(a, row.head, most, sum);
  for (int d = t; d < a.v.dim; d += THREADS)
    store((void*)a.o.p, at(a.o, s.batch, q_token, row.head) + d, a.o.type, factor == 0.0f ? 0.0f : out[d] * factor);
}

// Merges the states of splits, first to last. A warp makes a row.
extern "C" __global__ void __launch_bounds__(THREADS) ts_attention_merge(const __grid_constant__ Attention a, i64 rows) {
  const i64 number = (i64)blockIdx.x * (THREADS / WARP) + warp_of_thread();
  if (number >= rows) return;
  const Row row = row_at(a, number);
  const Sequence& s = row.sequence;
  const Visible visible = visible_to(a, s, row.query);
  const i64 first = visible.begin / a.split_keys;
  const i64 after = visible.begin < visible.end ? ceil_div(visible.end, a.split_keys) : first;
  const i64 step = a.v.dim + 2;
  const float* states = state_of(a, s, row.query, row.head, 0);

  float most = NEGATIVE_INFINITY, sum = 0.0f;
  for (i64 i = first; i < after; i++) most = fmaxf(most, states[i * step + a.v.dim]);
  if (most != NEGATIVE_INFINITY)
    for (i64 i = first; i < after; i++)
      sum = fmaf(expf(states[i * step + a.v.dim] - most), states[i * step + a.v.dim + 1], sum);
  if (lane_of_thread() == 0) store_lse(a, s, row.query, row.head, most, sum);
  const float factor = factor_of(a, row.head, most, sum);
  const i64 to = at(a.o, s.batch, s.first_query + row.query, row.head);
  for (int d = lane_of_thread(); d < a.v.dim; d += WARP) {
    float value = 0.0f;
    if (factor != 0.0f) {
      for (i64 i = first; i < after; i++) value = fmaf(expf(states[i * step + a.v.dim] - most), states[i * step + d], value);
      value *= factor;
    }
    store((void*)a.o.p, to + d, a.o.type, value);
  }
}
