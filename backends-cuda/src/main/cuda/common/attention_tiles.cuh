// What kernels of attention on tensor cores share: tiles in shared memory, weights, and the end of a row.
#pragma once
#include "attention.cuh"
#include "mma.cuh"
#include "reduce.cuh"

#define LOG2_E 1.44269504088896341f

DEVICE float exp2_of(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

DEVICE float weight_of(float score, float most) { return exp2_of((score - most) * LOG2_E); }

// The factor of what was summed up below another maximum. Before the first key that is nothing but odd values, which a
// factor of zero would make NaN.
DEVICE float rescale_of(float before, float most) { return before == NEGATIVE_INFINITY ? 1.0f : weight_of(before, most); }

DEVICE u32 pack_bf16(float low, float high) {
  u32 pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

DEVICE u32 load_word(u32 address) {
  u32 x;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(x) : "r"(address) : "memory");
  return x;
}

DEVICE void store_word(u32 address, u32 x) { asm volatile("st.shared.u32 [%0], %1;" ::"r"(address), "r"(x) : "memory"); }

// Where a 16-byte chunk of a row lies: chunks are exchanged by row, so that ldmatrix meets no bank twice.
template <int ROW_BYTES>
DEVICE u32 chunk_in(u32 row, u32 chunk) {
  return row * ROW_BYTES + ((chunk ^ (row & 7u)) << 4);
}

// The keys that the rows of a block see within its split, in tiles of KEYS that start at multiples of KEYS.
template <int KEYS>
struct KeyTiles {
  int from, to, start, count, position0, first_query, last_query;

  __device__ __forceinline__ KeyTiles(const Attention& a, const Sequence& s, int first_query, int last_query)
      : position0((int)(s.keys - s.queries)), first_query(first_query), last_query(last_query) {
    from = (int)visible_to(a, s, first_query).begin;
    to = (int)visible_to(a, s, last_query).end;
    if (a.splits > 1) {
      from = max(from, (int)(blockIdx.z * a.split_keys));
      to = min(to, (int)((blockIdx.z + 1) * a.split_keys));
    }
    start = from / KEYS * KEYS;
    count = from < to ? (to - start + KEYS - 1) / KEYS : 0;
  }

  // Whether another block of the grid makes everything that this one could.
  __device__ __forceinline__ bool left_to_others(const Attention& a) const { return a.splits > 1 && from >= to; }

  // Notes where the keys of a tile lie, -1 behind the last one: the first KEYS threads.
  __device__ __forceinline__ void find(const Attention& a, const Sequence& s, int tile, i64 (&tokens)[2][KEYS]) const {
    const int t = threadIdx.x;
    if (t < KEYS) {
      const int key = start + tile * KEYS + t;
      tokens[tile & 1][t] = key < to ? place_of(a, s, key).token : -1;
    }
  }

  // Whether a key of a tile is visible to some rows only.
  __device__ __forceinline__ bool uneven(const Attention& a, int tile) const {
    const int first = start + tile * KEYS, last = min(first + KEYS, to) - 1;
    return (a.causal && last > position0 + first_query) ||
           (a.window != 0 && first <= position0 + last_query - a.window);
  }
};

// A weight of zero must not be multiplied by a value that is no number. Where a key of a tile is visible to some rows
// only, such values are added to whoever sees them and taken out of the tile.

DEVICE bool is_odd(u32 code) { return (code & 0x7f80u) == 0x7f80u; }

template <int ROW_BYTES, int DV, int KEYS, int THREADS, typename Visitor>
DEVICE void for_words(u32 tile, const Visitor& visit) {
  for (int w = threadIdx.x; w < KEYS * (DV / 2); w += THREADS) {
    const int r = w / (DV / 2), c = w % (DV / 2);
    visit(tile + chunk_in<ROW_BYTES>(r, c / 4) + c % 4 * 4);
  }
}

// Whether a value of the tile is an infinity or a NaN; a barrier.
template <int ROW_BYTES, int DV, int KEYS, int THREADS>
DEVICE bool any_odd(u32 tile) {
  bool found = false;
  for_words<ROW_BYTES, DV, KEYS, THREADS>(tile, [&](u32 at) {
    const u32 pair = load_word(at);
    found |= is_odd(pair) || is_odd(pair >> 16);
  });
  return __syncthreads_or(found);
}

template <int ROW_BYTES, int DV, int KEYS, int THREADS>
DEVICE void clear_odd(u32 tile) {
  for_words<ROW_BYTES, DV, KEYS, THREADS>(tile, [&](u32 at) {
    const u32 pair = load_word(at);
    const u32 keep = (is_odd(pair) ? 0u : 0xffffu) | (is_odd(pair >> 16) ? 0u : 0xffff0000u);
    if (keep != ~0u) store_word(at, pair & keep);
  });
}

// Adds the odd values of a key, times a factor, to a thread's part of two rows, from a chunk of the tile on.
template <int ROW_BYTES, int N>
DEVICE void add_odd(float (&o)[N][4], u32 tile, int key, int chunk, bool first_sees, bool second_sees, float factor) {
#pragma unroll
  for (int n = 0; n < N; n++) {
    const u32 pair = load_word(tile + chunk_in<ROW_BYTES>(key, chunk + n) + (threadIdx.x & 3) * 4);
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const u32 code = e & 1 ? pair >> 16 : pair & 0xffffu;
      if (is_odd(code) && (e < 2 ? first_sees : second_sees)) o[n][e] += decode_bf16((u16)code) * factor;
    }
  }
}

// Ends a row, or keeps its state for the merge. `pairs` calls what it is given for every two neighbouring sums that
// this thread has.
template <typename Pairs>
DEVICE void finish_row(const Attention& a, const Sequence& s, i64 query, i64 head, float most, float sum, bool writer,
                       const Pairs& pairs) {
  if (a.splits > 1) {
    float* state = state_of(a, s, query, head, blockIdx.z);
    if (writer) {
      state[a.v.dim] = most;
      state[a.v.dim + 1] = sum;
    }
    pairs([&](int d, float x, float y) {
      if (d < a.v.dim) *(float2*)(state + d) = make_float2(x, y);
    });
    return;
  }
  if (writer) store_lse(a, s, query, head, most, sum);
  const float factor = factor_of(a, head, most, sum);
  const i64 to = at(a.o, s.batch, s.first_query + query, head);
  pairs([&](int d, float x, float y) {
    if (d >= a.v.dim) return;
    x = factor == 0.0f ? 0.0f : x * factor;
    y = factor == 0.0f ? 0.0f : y * factor;
    if (a.o.type == F32) {
      *(float2*)((float*)a.o.p + to + d) = make_float2(x, y);
    } else {
      *(u32*)((u16*)a.o.p + to + d) = pack_bf16(x, y);
    }
  });
}
