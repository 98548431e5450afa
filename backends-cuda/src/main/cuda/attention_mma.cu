// Attention of BF16 on tensor cores, with a running maximum and sum per row. A block makes 16 rows per row warp: the
// queries of one sequence and one key head, all query heads of that head beside each other. Tiles of keys and values
// arrive two at a time by cp.async; their 16-byte chunks are exchanged by row, so that ldmatrix meets no bank twice.
// Tiles start at multiples of their length and splits at multiples of theirs, so a row's bits depend on its own keys
// only. Heads may be narrower than the tile, in steps of 8: what is missing is zero.
// Source: FlashAttention-2 (arXiv 2307.08691).
#include "common/attention_tiles.cuh"

// KEY_WARPS warps share the keys of a tile and add up their results at the end.
template <int DK, int DV, int ROW_WARPS, int KEY_WARPS, int KEYS>
DEVICE void attend(const Attention& a) {
  constexpr int THREADS = 32 * ROW_WARPS * KEY_WARPS, ROWS = 16 * ROW_WARPS, OWN_KEYS = KEYS / KEY_WARPS;
  constexpr int K_BYTES = DK * 2, V_BYTES = DV * 2, K_CHUNKS = DK / 8, V_CHUNKS = DV / 8;
  extern __shared__ __align__(128) u8 shared[];
  __shared__ i64 tokens[2][KEYS];
  __shared__ i64 query_start[2][ROWS];
  const u32 q_tile = shared_address(shared), k_tiles = q_tile + ROWS * K_BYTES, v_tiles = k_tiles + 2 * KEYS * K_BYTES;
  const int t = threadIdx.x, lane = t & 31, warp = t >> 5;
  const int row0 = warp % ROW_WARPS * 16, key0 = warp / ROW_WARPS * OWN_KEYS;
  const int group = (int)a.heads / (int)a.kv_heads;
  const i64 key_head = blockIdx.y;

  // Late queries see most keys: they go first.
  i64 tile = gridDim.x - 1 - blockIdx.x, number = 0;
  Sequence s;
  if (a.packing == VARLEN) {
    for (;; number++) {
      if (number == a.sequences) return;
      s = sequence_at(a, number);
      i64 own = ceil_div(s.queries * group, ROWS);
      if (tile < own) break;
      tile -= own;
    }
  } else {
    i64 own = ceil_div(a.queries * group, ROWS);
    number = tile / own;
    tile -= number * own;
    s = sequence_at(a, number);
  }
  const int first_row = (int)tile * ROWS, rows = min(ROWS, (int)(s.queries * group) - first_row);
  const KeyTiles<KEYS> tiles(a, s, first_row / group, (first_row + rows - 1) / group);
  if (tiles.left_to_others(a)) return;
  const i64 key_batch = a.packing == PADDED ? s.batch : 0;
  const u16* k1 = (const u16*)a.k1.p + at(a.k1, key_batch, 0, key_head);
  const u16* k2 = (const u16*)a.k2.p + at(a.k2, key_batch, 0, key_head);
  const u16* v = (const u16*)a.v.p + at(a.v, key_batch, 0, key_head);
  auto bring = [&](int i) {
    const u32 k_to = k_tiles + (i & 1) * KEYS * K_BYTES, v_to = v_tiles + (i & 1) * KEYS * V_BYTES;
#pragma unroll 4
    for (int c = t; c < KEYS * K_CHUNKS; c += THREADS) {
      const int r = c / K_CHUNKS, chunk = c % K_CHUNKS, d = chunk * 8, d2 = d - a.k1.dim;
      const i64 token = tokens[i & 1][r];
      const bool second = d2 >= 0, inside = token >= 0 && d2 < a.k2.dim;
      const u16* p = second ? k2 + token * a.k2.token + d2 : k1 + token * a.k1.token + d;
      copy_async(k_to + chunk_in<K_BYTES>(r, chunk), inside ? p : (const u16*)a.k1.p, inside);
    }
#pragma unroll 4
    for (int c = t; c < KEYS * V_CHUNKS; c += THREADS) {
      const int r = c / V_CHUNKS, chunk = c % V_CHUNKS;
      const i64 token = tokens[i & 1][r];
      const bool inside = token >= 0 && chunk * 8 < a.v.dim;
      copy_async(v_to + chunk_in<V_BYTES>(r, chunk), inside ? v + token * a.v.token + chunk * 8 : (const u16*)a.v.p,
                 inside);
    }
  };

  for (int r = t; r < ROWS; r += THREADS) {
    const int row = first_row + min(r, rows - 1), query = row / group;
    const i64 token = s.first_query + query, head = key_head * group + (row - query * group);
    query_start[0][r] = at(a.q1, s.batch, token, head);
    query_start[1][r] = at(a.q2, s.batch, token, head);
  }
  tiles.find(a, s, 0, tokens);
  __syncthreads();
#pragma unroll 4
  for (int c = t; c < ROWS * K_CHUNKS; c += THREADS) {
    const int r = c / K_CHUNKS, chunk = c % K_CHUNKS, d = chunk * 8, d2 = d - a.q1.dim;
    const bool second = d2 >= 0, inside = r < rows && d2 < a.q2.dim;
    const u16* p = second ? (const u16*)a.q2.p + query_start[1][r] + d2 : (const u16*)a.q1.p + query_start[0][r] + d;
    copy_async(q_tile + chunk_in<K_BYTES>(r, chunk), inside ? p : (const u16*)a.q1.p, inside);
  }
  if (tiles.count > 0) bring(0);
  commit_copies();

  // Keys that this thread's two rows see.
  int low[2], high[2];
#pragma unroll
  for (int h = 0; h < 2; h++) {
    const Visible visible = visible_to(a, s, (first_row + min(row0 + h * 8 + (lane >> 2), rows - 1)) / group);
    low[h] = (int)visible.begin;
    high[h] = min(tiles.to, (int)visible.end);
  }
  float o[DV / 8][4], most[2], sum[2];
#pragma unroll
  for (int h = 0; h < 2; h++) {
    most[h] = NEGATIVE_INFINITY;
    sum[h] = 0.0f;
  }
#pragma unroll
  for (int i = 0; i < DV / 8; i++)
#pragma unroll
    for (int e = 0; e < 4; e++) o[i][e] = 0.0f;

  for (int i = 0; i < tiles.count; i++) {
    if (i + 1 < tiles.count) tiles.find(a, s, i + 1, tokens);
    await_copies<0>();
    __syncthreads();
    if (i + 1 < tiles.count) bring(i + 1);
    commit_copies();
    const u32 k_tile = k_tiles + (i & 1) * KEYS * K_BYTES, v_tile = v_tiles + (i & 1) * KEYS * V_BYTES;
    const int first = tiles.start + i * KEYS;
    const bool uneven = tiles.uneven(a, i);
    if (uneven && any_odd<V_BYTES, DV, KEYS, THREADS>(v_tile)) {
      for (int j = key0; j < key0 + OWN_KEYS; j++) {
        const int key = first + j;
        add_odd<V_BYTES>(o, v_tile, j, 0, key >= low[0] && key < high[0], key >= low[1] && key < high[1], 1.0f);
      }
      __syncthreads();
      clear_odd<V_BYTES, DV, KEYS, THREADS>(v_tile);
      __syncthreads();
    }
    if (row0 >= rows) continue;

    float p[OWN_KEYS / 8][4];
#pragma unroll
    for (int j = 0; j < OWN_KEYS / 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) p[j][e] = 0.0f;
#pragma unroll
    for (int ks = 0; ks < DK / 16; ks++) {
      u32 q[4];
      load_matrices(q, q_tile + chunk_in<K_BYTES>(row0 + (lane & 15), ks * 2 + (lane >> 4)));
#pragma unroll
      for (int j = 0; j < OWN_KEYS / 16; j++) {
        u32 k[4];
        load_matrices(k, k_tile + chunk_in<K_BYTES>(key0 + j * 16 + (lane & 7) + ((lane >> 4) << 3),
                                                    ks * 2 + ((lane >> 3) & 1)));
        mma_bf16(p[2 * j], q, k[0], k[1]);
        mma_bf16(p[2 * j + 1], q, k[2], k[3]);
      }
    }
    float largest[2] = {most[0], most[1]};
    const bool edge = uneven || first + KEYS > tiles.to;
#pragma unroll
    for (int j = 0; j < OWN_KEYS / 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        float x = capped(a, p[j][e] * a.scale);
        const int key = first + key0 + j * 8 + (lane & 3) * 2 + (e & 1);
        if (edge && (key < low[e / 2] || key >= high[e / 2])) x = NEGATIVE_INFINITY;
        p[j][e] = x;
        largest[e / 2] = fmaxf(largest[e / 2], x);
      }
#pragma unroll
    for (int h = 0; h < 2; h++) {
      largest[h] = fmaxf(largest[h], __shfl_xor_sync(ALL_LANES, largest[h], 1));
      largest[h] = fmaxf(largest[h], __shfl_xor_sync(ALL_LANES, largest[h], 2));
      // Before the first key every difference would be that of two infinities.
      const float reference = largest[h] == NEGATIVE_INFINITY ? 0.0f : largest[h];
      const float rescale = rescale_of(most[h], reference);
      most[h] = largest[h];
      float mine = 0.0f;
#pragma unroll
      for (int j = 0; j < OWN_KEYS / 8; j++)
#pragma unroll
        for (int e = 2 * h; e < 2 * h + 2; e++) {
          p[j][e] = weight_of(p[j][e], reference);
          mine += p[j][e];
        }
      sum[h] = fmaf(sum[h], rescale, mine);
#pragma unroll
      for (int n = 0; n < DV / 8; n++) {
        o[n][2 * h] *= rescale;
        o[n][2 * h + 1] *= rescale;
      }
    }
#pragma unroll
    for (int ks = 0; ks < OWN_KEYS / 16; ks++) {
      const u32 w[4] = {pack_bf16(p[2 * ks][0], p[2 * ks][1]), pack_bf16(p[2 * ks][2], p[2 * ks][3]),
                        pack_bf16(p[2 * ks + 1][0], p[2 * ks + 1][1]), pack_bf16(p[2 * ks + 1][2], p[2 * ks + 1][3])};
#pragma unroll
      for (int n = 0; n < DV / 16; n++) {
        u32 x[4];
        load_matrices_transposed(x, v_tile + chunk_in<V_BYTES>(key0 + ks * 16 + (lane & 15), n * 2 + (lane >> 4)));
        mma_bf16(o[2 * n], w, x[0], x[1]);
        mma_bf16(o[2 * n + 1], w, x[2], x[3]);
      }
    }
  }
  await_copies<0>();
#pragma unroll
  for (int h = 0; h < 2; h++) {
    sum[h] += __shfl_xor_sync(ALL_LANES, sum[h], 1);
    sum[h] += __shfl_xor_sync(ALL_LANES, sum[h], 2);
  }

  const auto finish = [&](int r, float row_most, float row_sum, bool writer, auto&& pairs) {
    const int row = first_row + r, query = row / group;
    finish_row(a, s, query, key_head * group + (row - query * group), row_most, row_sum, writer, pairs);
  };
  if (KEY_WARPS == 1) {
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const int r = row0 + h * 8 + (lane >> 2);
      if (r < rows)
        finish(r, most[h], sum[h], (lane & 3) == 0, [&](auto&& put) {
#pragma unroll
          for (int n = 0; n < DV / 8; n++) put(n * 8 + (lane & 3) * 2, o[n][2 * h], o[n][2 * h + 1]);
        });
    }
    return;
  }
  // The warps' states meet in the memory of the tiles: DV sums, their largest score and the sum of weights per row.
  constexpr int STATE = DV + 4;
  float* states = (float*)shared;
  __syncthreads();
#pragma unroll
  for (int h = 0; h < 2; h++) {
    float* state = states + ((warp / ROW_WARPS) * ROWS + row0 + h * 8 + (lane >> 2)) * STATE;
#pragma unroll
    for (int n = 0; n < DV / 8; n++) *(float2*)(state + n * 8 + (lane & 3) * 2) = make_float2(o[n][2 * h], o[n][2 * h + 1]);
    if ((lane & 3) == 0) {
      state[DV] = most[h];
      state[DV + 1] = sum[h];
    }
  }
  __syncthreads();
  for (int r = warp; r < rows; r += ROW_WARPS * KEY_WARPS) {
    float row_most = NEGATIVE_INFINITY, row_sum = 0.0f, share[KEY_WARPS];
#pragma unroll
    for (int w = 0; w < KEY_WARPS; w++) row_most = fmaxf(row_most, states[(w * ROWS + r) * STATE + DV]);
#pragma unroll
    for (int w = 0; w < KEY_WARPS; w++) {
      share[w] = weight_of(states[(w * ROWS + r) * STATE + DV], row_most == NEGATIVE_INFINITY ? 0.0f : row_most);
      row_sum = fmaf(states[(w * ROWS + r) * STATE + DV + 1], share[w], row_sum);
    }
    finish(r, row_most, row_sum, lane == 0, [&](auto&& put) {
#pragma unroll
      for (int d = lane * 2; d < DV; d += 64) {
        float x = 0.0f, y = 0.0f;
#pragma unroll
        for (int w = 0; w < KEY_WARPS; w++) {
          const float2 part = *(const float2*)(states + (w * ROWS + r) * STATE + d);
          x = fmaf(part.x, share[w], x);
          y = fmaf(part.y, share[w], y);
        }
        put(d, x, y);
      }
    });
  }
}

#define INSTANCE(NAME, DK, DV, ROW_WARPS, KEY_WARPS, KEYS)                                                     \
  extern "C" __global__ void __launch_bounds__(32 * ROW_WARPS * KEY_WARPS)                                     \
      ts_attention_mma_##NAME(const __grid_constant__ Attention a) {                                           \
    attend<DK, DV, ROW_WARPS, KEY_WARPS, KEYS>(a);                                                             \
  }

INSTANCE(rows_d64, 64, 64, 4, 1, 64)
INSTANCE(rows_d128, 128, 128, 4, 1, 64)
INSTANCE(rows_d192_v128, 192, 128, 4, 1, 32)
INSTANCE(rows_d256, 256, 256, 4, 1, 32)
INSTANCE(keys_d64, 64, 64, 1, 4, 64)
INSTANCE(keys_d128, 128, 128, 1, 4, 64)
INSTANCE(keys_d256, 256, 256, 1, 2, 32)
