// Products of a head's part of W_kvb for multi-head latent attention. Source: DeepSeek-V2 (arXiv 2405.04434).
#include "common/format.cuh"
#include "common/reduce.cuh"

#define SUM_BLOCK 128

// ql[t,h,c] = sum_d qn[t,h,d] W[h,d,c]: queries into the latent space.
KERNEL ts_mla_absorb(const void* q, const void* w, void* latent, i64 tokens, i64 queries, i64 heads, i64 nope,
                     i64 value_dim, i64 latent_dim, i64 batch_q, i64 token_q, i64 head_q, int type_q, int type_w, int type_latent) {
  i64 elements = tokens * heads * latent_dim;
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < elements; i += (i64)gridDim.x * blockDim.x) {
    i64 row = i / latent_dim, c = i - row * latent_dim;
    i64 token = row / heads, head = row - token * heads;
    i64 batch = token / queries;
    i64 from = batch * batch_q + (token - batch * queries) * token_q + head * head_q;
    i64 weight = head * (nope + value_dim) * latent_dim + c;
    float sum = 0.0f;
    for (i64 d0 = 0; d0 < nope; d0 += SUM_BLOCK) {
      float part = 0.0f;
      for (i64 d = d0; d < min(nope, d0 + SUM_BLOCK); d++)
        part = fmaf(load(q, from + d, type_q), load(w, weight + d * latent_dim, type_w), part);
      sum += part;
    }
    store(latent, i, type_latent, sum);
  }
}

// o[t,h,v] = sum_c W[h,dn+v,c] u[t,h,c]: latent outputs into values. A warp makes one element of 32 at a time.
KERNEL ts_mla_expand(const float* latent, const void* w, void* o, i64 tokens, i64 queries, i64 heads, i64 nope,
                     i64 value_dim, i64 latent_dim, i64 batch_o, i64 token_o, i64 head_o, int type_w, int type_o) {
  i64 elements = tokens * heads * value_dim;
  i64 warps = (i64)gridDim.x * (blockDim.x / WARP);
  for (i64 i = (i64)blockIdx.x * (blockDim.x / WARP) + warp_of_thread(); i < elements; i += warps) {
    i64 row = i / value_dim, v = i - row * value_dim;
    i64 token = row / heads, head = row - token * heads;
    i64 batch = token / queries;
    i64 weight = (head * (nope + value_dim) + nope + v) * latent_dim;
    float sum = 0.0f;
    for (i64 c = lane_of_thread(); c < latent_dim; c += WARP)
      sum = fmaf(latent[row * latent_dim + c], load(w, weight + c, type_w), sum);
    sum = warp_sum(sum);
    if (lane_of_thread() == 0)
      store(o, batch * batch_o + (token - batch * queries) * token_o + head * head_o + v, type_o, sum);
  }
}

// out[t,r] = sum_c W[r,c] latent[t,c] for every row of W_kvb. A warp makes one element.
KERNEL ts_mla_expand_tokens(const void* latent, const void* w, float* out, i64 tokens, i64 rows, i64 latent_dim,
                            i64 step_latent, int type_latent, int type_w) {
  i64 warps = (i64)gridDim.x * (blockDim.x / WARP);
  for (i64 i = (i64)blockIdx.x * (blockDim.x / WARP) + warp_of_thread(); i < tokens * rows; i += warps) {
    i64 token = i / rows, row = i - token * rows;
    float sum = 0.0f;
    for (i64 c = lane_of_thread(); c < latent_dim; c += WARP)
      sum = fmaf(load(latent, token * step_latent + c, type_latent), load(w, row * latent_dim + c, type_w), sum);
    sum = warp_sum(sum);
    if (lane_of_thread() == 0) out[i] = sum;
  }
}
