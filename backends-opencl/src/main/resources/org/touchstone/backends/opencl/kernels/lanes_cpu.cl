// Lanes of the cpu variant: 16 elements.

#define LANES 16
typedef float16 lanes;
typedef int16 ilanes;
typedef uint16 ulanes;
#define as_lanes as_float16
#define as_ulanes as_uint16
#define FIRST 0
#define STEP 16

static inline lanes load_lanes(in_t p, int type, ulong i, int left) {
  if (left >= 16) {
    return load16(p, type, i);
  }
  float part[16];
  for (int j = 0; j < 16; j++) {
    part[j] = j < left ? load(p, type, i + j) : 0;
  }
  return vload16(0, part);
}

static inline void store_lanes(out_t p, int type, ulong i, int left, lanes x) {
  if (left >= 16) {
    store16(p, type, i, x);
    return;
  }
  float part[16];
  vstore16(x, 0, part);
  for (int j = 0; j < left; j++) {
    store(p, type, i + j, part[j]);
  }
}

// Elements i, i + 2, ... into even and i + 1, i + 3, ... into odd; left counts pairs.
static inline void load_pairs(in_t p, int type, ulong i, int left, lanes *even, lanes *odd) {
  lanes a = load_lanes(p, type, i, 2 * left);
  lanes b = load_lanes(p, type, i + 16, 2 * left - 16);
  // By components: Oclgrind 21.10 crashes where vectors are joined.
  *even = (float16)(a.s0, a.s2, a.s4, a.s6, a.s8, a.sa, a.sc, a.se,
                    b.s0, b.s2, b.s4, b.s6, b.s8, b.sa, b.sc, b.se);
  *odd = (float16)(a.s1, a.s3, a.s5, a.s7, a.s9, a.sb, a.sd, a.sf,
                   b.s1, b.s3, b.s5, b.s7, b.s9, b.sb, b.sd, b.sf);
}

static inline void store_pairs(out_t p, int type, ulong i, int left, lanes even, lanes odd) {
  lanes a = (float16)(even.s0, odd.s0, even.s1, odd.s1, even.s2, odd.s2, even.s3, odd.s3,
                      even.s4, odd.s4, even.s5, odd.s5, even.s6, odd.s6, even.s7, odd.s7);
  lanes b = (float16)(even.s8, odd.s8, even.s9, odd.s9, even.sa, odd.sa, even.sb, odd.sb,
                      even.sc, odd.sc, even.sd, odd.sd, even.se, odd.se, even.sf, odd.sf);
  store_lanes(p, type, i, 2 * left, a);
  store_lanes(p, type, i + 16, 2 * left - 16, b);
}

#define rounded_lanes rounded16

static inline lanes divide_lanes(lanes a, lanes b) {
#if defined(CORRECT_DIVISION) && !defined(SOFTWARE_DIVISION)
  return a / b;
#else
  float x[16];
  float y[16];
  vstore16(a, 0, x);
  vstore16(b, 0, y);
  for (int j = 0; j < 16; j++) {
    x[j] = divide_exactly(x[j], y[j]);
  }
  return vload16(0, x);
#endif
}

// Asks for the line of memory at an address that will be read, where the compiler has clang's builtin.
#ifdef PREFETCH
#define ask_for(address) __builtin_prefetch((const void *)(ulong)(address))
#else
#define ask_for(address)
#endif

// A group of one work-item waits for nobody; PoCL 3.1 cuts a kernel into regions at every barrier, which
// takes seconds where they stand in loops.
#define barrier(fence)

#define REDUCTION_MEMORY
#define REDUCTION 0

// The upper half of 16 lanes, by components: Oclgrind 21.10 takes one lane above the eighth for undefined.
#define UPPER(type, v) \
  (type)((v).s8, (v).s9, (v).sa, (v).sb, (v).sc, (v).sd, (v).se, (v).sf)

INLINE float group_sum(lanes v, __local float *unused) {
  float8 a = v.lo + UPPER(float8, v);
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.lo + c.hi;
}

INLINE uint group_max_bits(ulanes v, __local float *unused) {
  uint8 a = max(v.lo, UPPER(uint8, v));
  uint4 b = max(a.lo, a.hi);
  uint2 c = max(b.lo, b.hi);
  return max(c.lo, c.hi);
}
