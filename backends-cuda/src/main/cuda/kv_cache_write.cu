// Writes new keys or values into a paged cache; slots outside of it are skipped.
#include "common/format.cuh"

// A cached token starts at slot · cache_row; its head h starts at h · cache_head behind it.
KERNEL ts_kv_cache_write(const void* src, const i64* slots, void* cache, i64 tokens, i64 heads, i64 dim,
                         i64 token_src, i64 head_src, i64 cache_row, i64 cache_head, i64 cache_offset,
                         i64 cache_slots, int type_src, int type_cache) {
  i64 elements = tokens * heads * dim;
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < elements; i += (i64)gridDim.x * blockDim.x) {
    i64 at = i / dim, d = i - at * dim;
    i64 token = at / heads, head = at - token * heads;
    i64 slot = slots[token];
    if (slot < 0 || slot >= cache_slots) continue;
    float value = load(src, token * token_src + head * head_src + d, type_src);
    store(cache, slot * cache_row + head * cache_head + cache_offset + d, type_cache, value);
  }
}
