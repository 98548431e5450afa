// target sm_80 serves 80 86 87 90 100 103 110
// target sm_89 serves 89 120 121
//
// C[m,n] = sum_k A[m,k] B[n,k] on tensor cores. A block of four warps makes 64 x 128 elements; a step brings 128 bytes
// of every row, 128 codes or 64 BF16 numbers, and ends with the promotion of its partial sums into FP32 registers, where
// scales are applied too: FP8 tensor cores keep about 14 bits. Rows lie in shared memory with their 16-byte chunks
// exchanged by row, so that ldmatrix meets no bank twice. Dense and grouped products are one kernel.
// Sources: DeepSeek-V3 (arXiv 2412.19437) section 3.3.2; DeepGEMM.
#include "common/mma.cuh"
#include "common/product.cuh"

#define THREADS 128
#define BM 64
#define BN 128
#define ROW_BYTES 128
#define CHUNKS (ROW_BYTES / 16)
#define STAGE_BYTES ((BM + BN) * ROW_BYTES)
#define ALL_LANES 0xffffffffu

DEVICE u32 chunk_at(u32 row, u32 chunk) { return row * ROW_BYTES + ((chunk ^ (row & 7u)) << 4); }

// Bit 7 of every byte that holds a NaN code of E4M3.
DEVICE u32 nan_codes(u32 codes) { return (codes & 0x7f7f7f7fu) + 0x01010101u; }

template <bool FP8>
DEVICE void multiply(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  if (FP8) {
    mma_e4m3(d, a, b0, b1);
  } else {
    mma_bf16(d, a, b0, b1);
  }
}

// Rows and columns that met a NaN code, for architectures whose path through FP16 does not carry it.
struct NanFlags {
  u32 a[2][2];
  u32 b[8];
};

template <bool FP8, int STAGES>
DEVICE void gemm(const Product& p, const Groups& groups) {
  extern __shared__ __align__(128) u8 stages[];
  __shared__ i64 row_start[BM];
  __shared__ i64 scale_start[BM];
  constexpr int SIZE = FP8 ? 1 : 2;
  constexpr bool LOOK_FOR_NAN =
#if HAS_E4M3
      false;
#else
      FP8;
#endif
  const int t = threadIdx.x, lane = t & 31, warp = t >> 5;
  const int wm = (warp & 1) * 32, wn = (warp >> 1) * 64;
  const i64 n0 = (i64)blockIdx.x * BN;
  const i64 row_bytes = p.k * SIZE;
  const int steps = (int)ceil_div(row_bytes, ROW_BYTES);
  const u32 base = shared_address(stages);

  i64 limit = min(groups.rows, ((i64)blockIdx.y + 1) * BM);
  for (i64 row = (i64)blockIdx.y * BM; row < limit;) {
    const Run run = run_at(groups, row, limit);
    if (run.expert < 0) {
      row = run.end;
      continue;
    }
    const i64 first = row, count = run.end - row;
    const u8* weight = (const u8*)p.b + (i64)run.expert * p.n * row_bytes;
    __syncthreads();
    for (int r = t; r < BM; r += THREADS) {
      i64 source = first + min((i64)r, count - 1);
      if (p.row_map != nullptr) source = p.row_map[source] / p.row_divisor;
      RowPlace place = place_of_row(groups, source);
      row_start[r] = (place.batch * p.batch_a + place.within * p.step_a) * SIZE;
      scale_start[r] = place.batch * p.batch_scale_a + place.within * p.step_scale_a;
    }
    __syncthreads();

    auto bring = [&](int step) {
      u32 to = base + step % STAGES * STAGE_BYTES;
      i64 from = (i64)step * ROW_BYTES;
#pragma unroll
      for (int i = t; i < BM * CHUNKS; i += THREADS) {
        int r = i / CHUNKS, chunk = i % CHUNKS;
        bool inside = r < count && from + chunk * 16 < row_bytes;
        copy_async(to + chunk_at(r, chunk), (const u8*)p.a + (inside ? row_start[r] + from + chunk * 16 : 0), inside);
      }
#pragma unroll
      for (int i = t; i < BN * CHUNKS; i += THREADS) {
        int c = i / CHUNKS, chunk = i % CHUNKS;
        bool inside = n0 + c < p.n && from + chunk * 16 < row_bytes;
        copy_async(to + BM * ROW_BYTES + chunk_at(c, chunk),
                   weight + (inside ? (n0 + c) * row_bytes + from + chunk * 16 : 0), inside);
      }
    };

    float sum[2][8][4];
    NanFlags nan = {};
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
      for (int j = 0; j < 8; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) sum[i][j][e] = 0.0f;

#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
      if (s < steps) bring(s);
      commit_copies();
    }
    for (int step = 0; step < steps; step++) {
      await_copies<STAGES - 2>();
      __syncthreads();
      if (step + STAGES - 1 < steps) bring(step + STAGES - 1);
      commit_copies();
      const u32 tile_a = base + step % STAGES * STAGE_BYTES, tile_b = tile_a + BM * ROW_BYTES;
      float part[2][8][4];
#pragma unroll
      for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
          for (int e = 0; e < 4; e++) part[i][j][e] = 0.0f;
      // The way through FP16 needs its registers for conversions.
#pragma unroll(LOOK_FOR_NAN ? 2 : 4)
      for (int ks = 0; ks < ROW_BYTES / 32; ks++) {
        u32 a[2][4], b[4][4];
#pragma unroll
        for (int i = 0; i < 2; i++)
          load_matrices(a[i], tile_a + chunk_at(wm + i * 16 + (lane & 15), ks * 2 + (lane >> 4)));
#pragma unroll
        for (int j = 0; j < 4; j++)
          load_matrices(b[j], tile_b + chunk_at(wn + j * 16 + (lane & 7) + ((lane >> 4) << 3), ks * 2 + ((lane >> 3) & 1)));
        if (LOOK_FOR_NAN) {
#pragma unroll
          for (int i = 0; i < 2; i++)
#pragma unroll
            for (int h = 0; h < 2; h++) nan.a[i][h] |= nan_codes(a[i][h]) | nan_codes(a[i][h + 2]);
#pragma unroll
          for (int j = 0; j < 8; j++)
            nan.b[j] |= nan_codes(b[j / 2][j % 2 * 2]) | nan_codes(b[j / 2][j % 2 * 2 + 1]);
        }
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
          for (int j = 0; j < 8; j++) multiply<FP8>(part[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
      }
      const float unit = FP8 ? E4M3_UNIT : 1.0f;
      const bool scaled = FP8 && p.scales == PER_BLOCK;
      // A block of 128 codes and 128 columns has one scale of B: the tile is exactly that wide.
      const float scale_b =
          scaled ? p.scale_b[((i64)run.expert * ceil_div(p.n, SCALE_BLOCK) + n0 / SCALE_BLOCK) * steps + step] : 1.0f;
#pragma unroll
      for (int i = 0; i < 2; i++)
#pragma unroll
        for (int h = 0; h < 2; h++) {
          const int r = wm + i * 16 + h * 8 + (lane >> 2);
          const float s = scaled ? p.scale_a[scale_start[r] + step] * scale_b : 1.0f;
#pragma unroll
          for (int j = 0; j < 8; j++)
#pragma unroll
            for (int e = 0; e < 2; e++)
              sum[i][j][2 * h + e] = fmaf(part[i][j][2 * h + e] * unit, s, sum[i][j][2 * h + e]);
        }
    }
    await_copies<0>();

    u32 row_nan[2][2] = {}, column_nan[8][2] = {};
    if (LOOK_FOR_NAN) {
#pragma unroll
      for (int i = 0; i < 2; i++)
#pragma unroll
        for (int h = 0; h < 2; h++) {
          u32 flag = nan.a[i][h];
          flag |= __shfl_xor_sync(ALL_LANES, flag, 1);
          row_nan[i][h] = (flag | __shfl_xor_sync(ALL_LANES, flag, 2)) & 0x80808080u;
        }
#pragma unroll
      for (int j = 0; j < 8; j++) {
        u32 flag = nan.b[j];
        flag |= __shfl_xor_sync(ALL_LANES, flag, 1);
        flag |= __shfl_xor_sync(ALL_LANES, flag, 2);
#pragma unroll
        for (int e = 0; e < 2; e++)
          column_nan[j][e] = __shfl_sync(ALL_LANES, flag, ((lane & 3) * 2 + e) * 4) & 0x80808080u;
      }
    }
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int r = wm + i * 16 + h * 8 + (lane >> 2);
        if (r >= count) continue;
        RowPlace place = place_of_row(groups, first + r);
        i64 at = place.batch * p.batch_c + place.within * p.step_c;
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
          for (int e = 0; e < 2; e++) {
            i64 n = n0 + wn + j * 8 + (lane & 3) * 2 + e;
            bool nothing = LOOK_FOR_NAN && (row_nan[i][h] | column_nan[j][e]) != 0;
            if (n < p.n)
              finish(p, run.expert, scale_start[r], at, n, nothing ? QUIET_NAN : sum[i][j][2 * h + e]);
          }
      }
    row = run.end;
  }
}

#define INSTANCE(NAME, FP8, STAGES)                                                                       \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) ts_gemm_mma_##NAME(                            \
      const __grid_constant__ Product p, const __grid_constant__ Groups groups) {                         \
    gemm<FP8, STAGES>(p, groups);                                                                         \
  }

INSTANCE(bf16_s3, false, 3)
INSTANCE(bf16_s4, false, 4)
INSTANCE(fp8_s3, true, 3)
INSTANCE(fp8_s4, true, 4)
