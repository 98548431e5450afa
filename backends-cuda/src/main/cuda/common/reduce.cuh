// Reductions whose order depends on nothing but the number of threads.
#pragma once
#include "types.cuh"

#define WARP 32
#define ALL_LANES 0xffffffffu

DEVICE int lane_of_thread() { return threadIdx.x & (WARP - 1); }
DEVICE int warp_of_thread() { return threadIdx.x / WARP; }

DEVICE float warp_sum(float x) {
#pragma unroll
  for (int step = WARP / 2; step > 0; step >>= 1) x += __shfl_xor_sync(ALL_LANES, x, step);
  return x;
}

DEVICE float warp_max(float x) {
#pragma unroll
  for (int step = WARP / 2; step > 0; step >>= 1) x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, step));
  return x;
}

DEVICE u32 warp_max(u32 x) {
#pragma unroll
  for (int step = WARP / 2; step > 0; step >>= 1) x = max(x, __shfl_xor_sync(ALL_LANES, x, step));
  return x;
}

DEVICE u64 warp_max(u64 x) {
#pragma unroll
  for (int step = WARP / 2; step > 0; step >>= 1) {
    u64 other = __shfl_xor_sync(ALL_LANES, x, step);
    x = other > x ? other : x;
  }
  return x;
}

DEVICE u64 warp_sum(u64 x) {
#pragma unroll
  for (int step = WARP / 2; step > 0; step >>= 1) x += __shfl_xor_sync(ALL_LANES, x, step);
  return x;
}

// The block's sum, in every thread. `scratch` holds one value per warp; the call begins and ends with a barrier.
template <typename T>
DEVICE T block_sum(T x, T* scratch) {
  x = warp_sum(x);
  __syncthreads();
  if (lane_of_thread() == 0) scratch[warp_of_thread()] = x;
  __syncthreads();
  T sum = scratch[0];
  for (int w = 1; w < blockDim.x / WARP; w++) sum += scratch[w];
  __syncthreads();
  return sum;
}

// The block's maximum, in every thread.
template <typename T>
DEVICE T block_max(T x, T* scratch) {
  x = warp_max(x);
  __syncthreads();
  if (lane_of_thread() == 0) scratch[warp_of_thread()] = x;
  __syncthreads();
  T most = scratch[0];
  for (int w = 1; w < blockDim.x / WARP; w++) most = scratch[w] > most ? scratch[w] : most;
  __syncthreads();
  return most;
}

// The sum over the threads before this one. `total` receives the block's sum.
template <typename T>
DEVICE T block_exclusive_sum(T x, T* scratch, T* total) {
  int lane = lane_of_thread(), warp = warp_of_thread();
  T inclusive = x;
#pragma unroll
  for (int step = 1; step < WARP; step <<= 1) {
    T before = __shfl_up_sync(ALL_LANES, inclusive, step);
    if (lane >= step) inclusive += before;
  }
  __syncthreads();
  if (lane == WARP - 1) scratch[warp] = inclusive;
  __syncthreads();
  T offset = 0, sum = 0;
  for (int w = 0; w < blockDim.x / WARP; w++) {
    if (w == warp) offset = sum;
    sum += scratch[w];
  }
  __syncthreads();
  *total = sum;
  return offset + inclusive - x;
}
