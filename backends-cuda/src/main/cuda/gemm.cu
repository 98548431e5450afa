// C[m,n] = sum_k A[m,k] B[n,k], every element of C one running sum from the first k to the last, in blocks of 128 where
// scales change. Which thread computes it changes no bit of it. Dense and grouped products are one kernel.
// Sources: DeepSeek-V3, inference/kernel.py; DeepGEMM.
#include "common/product.cuh"

#define BN 64

template <int OPERANDS>
DEVICE float element(const void* p, i64 i) {
  if (OPERANDS == OPERANDS_F32) return ((const float*)p)[i];
  if (OPERANDS == OPERANDS_BF16) return decode_bf16(((const u16*)p)[i]);
  return decode_e4m3fn(((const u8*)p)[i]);
}

template <int OPERANDS, int BM, int TM>
DEVICE void gemm(const Product& p, const Groups& groups) {
  // At least the 32 bytes of a row that memory hands out at once.
  constexpr int BK = OPERANDS == OPERANDS_FP8 || OPERANDS == OPERANDS_FP8_BLOCK ? 32 : 16;
  constexpr int TN = 4, ACROSS = BN / TN, THREADS = BM / TM * ACROSS;
  // Lanes that store neighbouring terms, which are lines of the tiles, meet no bank twice: lines of A have an odd number
  // of words, or twice one where a warp stores two rows, and columns of B are exchanged by line.
  constexpr int ODD = 32 / BK;
  __shared__ float tile_a[BK][BM + ODD];
  __shared__ __align__(16) float tile_b[BK][BN];
  __shared__ i64 row_start[BM];
  __shared__ i64 scale_start[BM];
  const int t = threadIdx.x, column = t % ACROSS * TN, line = t / ACROSS * TM;
  const i64 n0 = (i64)blockIdx.x * BN;
  const i64 blocks = ceil_div(p.k, SCALE_BLOCK);

  i64 limit = min(groups.rows, ((i64)blockIdx.y + 1) * BM);
  for (i64 row = (i64)blockIdx.y * BM; row < limit;) {
    Run run = run_at(groups, row, limit);
    if (run.expert < 0) {
      row = run.end;
      continue;
    }
    const i64 first = row, count = run.end - row;
    const i64 weight = (i64)run.expert * p.n * p.k;
    __syncthreads();
    for (int r = t; r < BM; r += THREADS) {
      i64 source = first + min((i64)r, count - 1);
      if (p.row_map != nullptr) source = p.row_map[source] / p.row_divisor;
      RowPlace place = place_of_row(groups, source);
      row_start[r] = place.batch * p.batch_a + place.within * p.step_a;
      scale_start[r] = place.batch * p.batch_scale_a + place.within * p.step_scale_a;
    }
    float sum[TM][TN], part[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) sum[i][j] = part[i][j] = 0.0f;

    for (i64 k0 = 0; k0 < p.k; k0 += BK) {
      __syncthreads();
#pragma unroll
      for (int i = t; i < BM * BK; i += THREADS) {
        int r = i / BK, kk = i % BK;
        tile_a[kk][r] = k0 + kk < p.k ? element<OPERANDS>(p.a, row_start[r] + k0 + kk) : 0.0f;
      }
#pragma unroll
      for (int i = t; i < BN * BK; i += THREADS) {
        int c = i / BK, kk = i % BK;
        bool inside = k0 + kk < p.k && n0 + c < p.n;
        tile_b[kk][c ^ kk * ODD] = inside ? element<OPERANDS>(p.b, weight + (n0 + c) * p.k + k0 + kk) : 0.0f;
      }
      __syncthreads();
#pragma unroll
      for (int kk = 0; kk < BK; kk++) {
        const float4 four = *(const float4*)&tile_b[kk][column ^ (kk * ODD & ~3)];
        const float b[TN] = {four.x, four.y, four.z, four.w};
#pragma unroll
        for (int i = 0; i < TM; i++) {
          float a = tile_a[kk][line + i];
#pragma unroll
          for (int j = 0; j < TN; j++) part[i][j] = fmaf(a, b[j ^ (kk * ODD & 3)], part[i][j]);
        }
      }
      if (OPERANDS == OPERANDS_FP8_BLOCK && ((k0 + BK) % SCALE_BLOCK == 0 || k0 + BK >= p.k)) {
        i64 kb = k0 / SCALE_BLOCK;
        // A tile's columns lie in one scale block: 64 divides 128.
        float sb = p.scale_b[((i64)run.expert * ceil_div(p.n, SCALE_BLOCK) + n0 / SCALE_BLOCK) * blocks + kb];
#pragma unroll
        for (int i = 0; i < TM; i++) {
          float s = p.scale_a[scale_start[line + i] + kb] * sb;
#pragma unroll
          for (int j = 0; j < TN; j++) {
            sum[i][j] = fmaf(part[i][j], s, sum[i][j]);
            part[i][j] = 0.0f;
          }
        }
      }
    }
#pragma unroll
    for (int i = 0; i < TM; i++) {
      if (line + i >= count) continue;
      RowPlace place = place_of_row(groups, first + line + i);
      i64 at = place.batch * p.batch_c + place.within * p.step_c;
#pragma unroll
      for (int j = 0; j < TN; j++) {
        i64 n = n0 + column + j;
        if (n >= p.n) continue;
        finish(p, run.expert, scale_start[line + i], at, n,
               OPERANDS == OPERANDS_FP8_BLOCK ? sum[i][j] : part[i][j]);
      }
    }
    row = run.end;
  }
}

#define INSTANCE(NAME, OPERANDS)                                                                      \
  extern "C" __global__ void __launch_bounds__(256, 2) ts_gemm_##NAME##_m64(Product p, Groups groups) {   \
    gemm<OPERANDS, 64, 4>(p, groups);                                                                 \
  }                                                                                                   \
  extern "C" __global__ void __launch_bounds__(128, 4) ts_gemm_##NAME##_m8(Product p, Groups groups) {    \
    gemm<OPERANDS, 8, 1>(p, groups);                                                                  \
  }

INSTANCE(f32, OPERANDS_F32)
INSTANCE(bf16, OPERANDS_BF16)
INSTANCE(fp8, OPERANDS_FP8)
INSTANCE(fp8_block, OPERANDS_FP8_BLOCK)
