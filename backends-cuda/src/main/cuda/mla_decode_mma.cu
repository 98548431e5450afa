// Absorbed multi-head latent attention of BF16 on tensor cores: all heads share the cached tokens, of which the first
// part is also the value. A block makes 16 or 64 rows, queries and heads of one sequence beside each other, and brings
// 32 tokens at a time, two tiles in flight. Warps share out the scores by keys and by terms, and the sums by columns.
// Sources: DeepSeek-V2 (arXiv 2405.04434); FlashMLA.
#include "common/attention_tiles.cuh"

#define KEYS 32

template <int LATENT, int ROPE, int ROWS, int WARPS, int KEY_GROUPS>
DEVICE void attend(const Attention& a) {
  constexpr int THREADS = 32 * WARPS, DK = LATENT + ROPE, ROW_BYTES = DK * 2, CHUNKS = DK / 8, TILES = ROWS / 16;
  constexpr int TERM_GROUPS = WARPS / TILES / KEY_GROUPS, OWN_STEPS = DK / 16 / TERM_GROUPS;
  constexpr int OWN_KEYS = KEYS / KEY_GROUPS, COLUMNS = LATENT / WARPS;
  extern __shared__ __align__(128) u8 shared[];
  __shared__ i64 tokens[2][KEYS];
  __shared__ i64 query_start[2][ROWS];
  __shared__ int low[ROWS], high[ROWS];
  __shared__ float scores[TERM_GROUPS][ROWS][KEYS + 1];
  __shared__ __align__(16) u16 weights[ROWS][KEYS + 8];
  __shared__ float rescale[ROWS], most[ROWS], sum[ROWS];
  const u32 q_tile = shared_address(shared), k_tiles = q_tile + ROWS * ROW_BYTES;
  const int t = threadIdx.x, lane = t & 31, warp = t >> 5;
  const int heads = (int)a.heads;

  const i64 own_tiles = ceil_div(a.queries * heads, ROWS), number = blockIdx.x / own_tiles;
  const Sequence s = sequence_at(a, number);
  const int first_row = (int)(blockIdx.x - number * own_tiles) * ROWS;
  const int rows = min(ROWS, (int)(s.queries * heads) - first_row);
  const KeyTiles<KEYS> tiles(a, s, first_row / heads, (first_row + rows - 1) / heads);
  if (tiles.left_to_others(a)) return;

  // Latent elements fill the first columns of a tile, rotary ones those from LATENT on.
  auto bring_row = [&](u32 tile, int r, int chunk, const u16* latent, const u16* rotary, int latent_dim, int rope_dim,
                       bool there) {
    const int d = chunk * 8, d2 = d - LATENT;
    const bool second = d2 >= 0, inside = there && (second ? d2 < rope_dim : d < latent_dim);
    copy_async(tile + chunk_in<ROW_BYTES>(r, chunk), inside ? (second ? rotary + d2 : latent + d) : latent, inside);
  };
  const u16 *k1 = (const u16*)a.k1.p, *k2 = (const u16*)a.k2.p;
  auto bring = [&](int i) {
#pragma unroll 2
    for (int c = t; c < KEYS * CHUNKS; c += THREADS) {
      const int r = c / CHUNKS, chunk = c % CHUNKS;
      const i64 token = tokens[i & 1][r], row = max(0ll, token);
      bring_row(k_tiles + (i & 1) * KEYS * ROW_BYTES, r, chunk, k1 + row * a.k1.token, k2 + row * a.k2.token, a.k1.dim,
                a.k2.dim, token >= 0);
    }
  };

  for (int r = t; r < ROWS; r += THREADS) {
    const int row = first_row + min(r, rows - 1), query = row / heads;
    query_start[0][r] = at(a.q1, s.batch, query, row - query * heads);
    query_start[1][r] = at(a.q2, s.batch, query, row - query * heads);
    const Visible visible = visible_to(a, s, query);
    low[r] = (int)visible.begin;
    high[r] = min(tiles.to, (int)visible.end);
    most[r] = NEGATIVE_INFINITY;
    sum[r] = 0.0f;
  }
  tiles.find(a, s, 0, tokens);
  __syncthreads();
#pragma unroll 2
  for (int c = t; c < ROWS * CHUNKS; c += THREADS) {
    const int r = c / CHUNKS, chunk = c % CHUNKS;
    bring_row(q_tile, r, chunk, (const u16*)a.q1.p + query_start[0][r], (const u16*)a.q2.p + query_start[1][r], a.q1.dim,
              a.q2.dim, r < rows);
  }
  if (tiles.count > 0) bring(0);
  commit_copies();

  float o[TILES][COLUMNS / 8][4];
#pragma unroll
  for (int m = 0; m < TILES; m++)
#pragma unroll
    for (int n = 0; n < COLUMNS / 8; n++)
#pragma unroll
      for (int e = 0; e < 4; e++) o[m][n][e] = 0.0f;

  for (int i = 0; i < tiles.count; i++) {
    if (i + 1 < tiles.count) tiles.find(a, s, i + 1, tokens);
    await_copies<0>();
    __syncthreads();
    if (i + 1 < tiles.count) bring(i + 1);
    commit_copies();
    const u32 tile = k_tiles + (i & 1) * KEYS * ROW_BYTES;
    const int first = tiles.start + i * KEYS;
    {
      const int row0 = warp % TILES * 16, part = warp / TILES;
      const int key0 = part % KEY_GROUPS * OWN_KEYS, step0 = part / KEY_GROUPS * OWN_STEPS;
      float p[OWN_KEYS / 8][4];
#pragma unroll
      for (int j = 0; j < OWN_KEYS / 8; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) p[j][e] = 0.0f;
#pragma unroll 3
      for (int ks = step0; ks < step0 + OWN_STEPS; ks += 2) {
        u32 q[2][4];
#pragma unroll
        for (int h = 0; h < 2; h++)
          load_matrices(q[h], q_tile + chunk_in<ROW_BYTES>(row0 + (lane & 15), (ks + h) * 2 + (lane >> 4)));
#pragma unroll
        for (int j = 0; j < OWN_KEYS / 8; j++) {
          u32 k[4];
          load_matrices(k, tile + chunk_in<ROW_BYTES>(key0 + j * 8 + (lane & 7), ks * 2 + (lane >> 3)));
          mma_bf16(p[j], q[0], k[0], k[1]);
          mma_bf16(p[j], q[1], k[2], k[3]);
        }
      }
#pragma unroll
      for (int j = 0; j < OWN_KEYS / 8; j++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          scores[part / KEY_GROUPS][row0 + (lane >> 2) + e / 2 * 8][key0 + j * 8 + (lane & 3) * 2 + (e & 1)] = p[j][e];
    }
    __syncthreads();
    for (int r = warp; r < ROWS; r += WARPS) {
      float x = scores[0][r][lane];
#pragma unroll
      for (int g = 1; g < TERM_GROUPS; g++) x += scores[g][r][lane];
      x *= a.scale;
      if (first + lane < low[r] || first + lane >= high[r]) x = NEGATIVE_INFINITY;
      const float before = most[r], largest = fmaxf(before, warp_max(x));
      const float reference = largest == NEGATIVE_INFINITY ? 0.0f : largest;
      const float weight = weight_of(x, reference), all = warp_sum(weight);
      weights[r][lane] = (u16)pack_bf16(weight, 0.0f);
      __syncwarp();
      if (lane == 0) {
        rescale[r] = rescale_of(before, reference);
        most[r] = largest;
        sum[r] = fmaf(sum[r], rescale[r], all);
      }
    }
    __syncthreads();
    // A token of such a value scores NaN or an infinity, so its weight times the value is NaN.
    if (tiles.uneven(a, i) && any_odd<ROW_BYTES, LATENT, KEYS, THREADS>(tile)) {
      for (int j = 0; j < KEYS; j++)
#pragma unroll
        for (int m = 0; m < TILES; m++) {
          const int key = first + j, r = m * 16 + (lane >> 2);
          add_odd<ROW_BYTES>(o[m], tile, j, warp * COLUMNS / 8, key >= low[r] && key < high[r],
                             key >= low[r + 8] && key < high[r + 8], 0.0f);
        }
      __syncthreads();
      clear_odd<ROW_BYTES, LATENT, KEYS, THREADS>(tile);
      __syncthreads();
    }
#pragma unroll
    for (int m = 0; m < TILES; m++)
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const float c = rescale[m * 16 + h * 8 + (lane >> 2)];
#pragma unroll
        for (int n = 0; n < COLUMNS / 8; n++) {
          o[m][n][2 * h] *= c;
          o[m][n][2 * h + 1] *= c;
        }
      }
#pragma unroll
    for (int ks = 0; ks < KEYS / 16; ks++) {
      u32 w[TILES][4];
#pragma unroll
      for (int m = 0; m < TILES; m++)
        load_matrices(w[m], shared_address(&weights[m * 16 + (lane & 15)][ks * 16 + (lane >> 4) * 8]));
#pragma unroll
      for (int n = 0; n < COLUMNS / 16; n++) {
        u32 x[4];
        load_matrices_transposed(
            x, tile + chunk_in<ROW_BYTES>(ks * 16 + (lane & 15), warp * (COLUMNS / 8) + n * 2 + (lane >> 4)));
#pragma unroll
        for (int m = 0; m < TILES; m++) {
          mma_bf16(o[m][2 * n], w[m], x[0], x[1]);
          mma_bf16(o[m][2 * n + 1], w[m], x[2], x[3]);
        }
      }
    }
  }
  await_copies<0>();
  __syncthreads();
#pragma unroll
  for (int m = 0; m < TILES; m++)
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const int r = m * 16 + h * 8 + (lane >> 2), row = first_row + r, query = row / heads;
      if (r >= rows) continue;
      finish_row(a, s, query, row - query * heads, most[r], sum[r], warp == 0 && (lane & 3) == 0, [&](auto&& put) {
#pragma unroll
        for (int n = 0; n < COLUMNS / 8; n++)
          put(warp * COLUMNS + n * 8 + (lane & 3) * 2, o[m][n][2 * h], o[m][n][2 * h + 1]);
      });
    }
}

#define INSTANCE(NAME, LATENT, ROPE, ROWS, WARPS, KEY_GROUPS)                    \
  extern "C" __global__ void __launch_bounds__(32 * WARPS, 1)                    \
      ts_mla_decode_mma_##NAME(const __grid_constant__ Attention a) {            \
    attend<LATENT, ROPE, ROWS, WARPS, KEY_GROUPS>(a);                            \
  }

INSTANCE(c64_h16, 64, 64, 16, 4, 4)
INSTANCE(c512_h16, 512, 64, 16, 8, 4)
INSTANCE(c512_h64, 512, 64, 64, 8, 2)
