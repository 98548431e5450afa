// Block-wide algorithms of CUB, which are known to be right on hardware: what they compute on the simulator must be right.
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

#define THREADS 128
#define ITEMS 4

extern "C" __global__ void oracle_scan(const int* in, int* out) {
  using Scan = cub::BlockScan<int, THREADS>;
  __shared__ typename Scan::TempStorage storage;
  int items[ITEMS];
  for (int i = 0; i < ITEMS; i++) items[i] = in[threadIdx.x * ITEMS + i];
  Scan(storage).ExclusiveSum(items, items);
  for (int i = 0; i < ITEMS; i++) out[threadIdx.x * ITEMS + i] = items[i];
}

extern "C" __global__ void oracle_reduce(const int* in, int* out) {
  using Reduce = cub::BlockReduce<int, THREADS>;
  __shared__ typename Reduce::TempStorage storage;
  int items[ITEMS];
  for (int i = 0; i < ITEMS; i++) items[i] = in[threadIdx.x * ITEMS + i];
  int sum = Reduce(storage).Sum(items);
  if (threadIdx.x == 0) out[0] = sum;
}

extern "C" __global__ void oracle_sort(const unsigned* in, unsigned* out) {
  using Sort = cub::BlockRadixSort<unsigned, THREADS, ITEMS>;
  __shared__ typename Sort::TempStorage storage;
  unsigned items[ITEMS];
  for (int i = 0; i < ITEMS; i++) items[i] = in[threadIdx.x * ITEMS + i];
  Sort(storage).Sort(items);
  for (int i = 0; i < ITEMS; i++) out[threadIdx.x * ITEMS + i] = items[i];
}
