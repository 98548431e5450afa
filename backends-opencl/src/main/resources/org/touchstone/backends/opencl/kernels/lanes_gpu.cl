// Lanes of the gpu variant: one element, and a row is shared by the work-items of a group.

#define LANES 1
typedef float lanes;
typedef int ilanes;
typedef uint ulanes;
#define as_lanes as_float
#define as_ulanes as_uint
#define FIRST ((int)get_local_id(0))
#define STEP GROUP

static inline lanes load_lanes(in_t p, int type, ulong i, int left) { return load(p, type, i); }

static inline void store_lanes(out_t p, int type, ulong i, int left, lanes x) {
  store(p, type, i, x);
}

static inline void load_pairs(in_t p, int type, ulong i, int left, lanes *even, lanes *odd) {
  *even = load(p, type, i);
  *odd = load(p, type, i + 1);
}

static inline void store_pairs(out_t p, int type, ulong i, int left, lanes even, lanes odd) {
  store(p, type, i, even);
  store(p, type, i + 1, odd);
}

#define rounded_lanes rounded
#define divide_lanes divide

// A kernel that reduces declares the memory for it.
#define REDUCTION_MEMORY __local float reduction[GROUP]
#define REDUCTION reduction

#ifdef SUB_GROUPS
#ifdef cl_khr_subgroups
#pragma OPENCL EXTENSION cl_khr_subgroups : enable
#endif
#ifdef cl_intel_subgroups
#pragma OPENCL EXTENSION cl_intel_subgroups : enable
#endif

// Every sub-group reduces its own elements, and all work-items join what the first of each left.
#define SUB_GROUPS_REDUCE(type, memory, own, initial, join)            \
  if (get_sub_group_local_id() == 0) {                                 \
    memory[get_sub_group_id()] = own;                                  \
  }                                                                    \
  barrier(CLK_LOCAL_MEM_FENCE);                                        \
  type all = initial;                                                  \
  for (uint part = 0; part < get_num_sub_groups(); part++) {           \
    type other = memory[part];                                         \
    all = join;                                                        \
  }                                                                    \
  barrier(CLK_LOCAL_MEM_FENCE);                                        \
  return all;

INLINE float group_sum(lanes v, __local float *memory) {
  SUB_GROUPS_REDUCE(float, memory, sub_group_reduce_add(v), 0, all + other)
}

INLINE uint group_max_bits(ulanes v, __local float *memory) {
  __local uint *bits = (__local uint *)memory;
  SUB_GROUPS_REDUCE(uint, bits, sub_group_reduce_max(v), 0, max(all, other))
}
#else
INLINE float group_sum(lanes v, __local float *memory) {
  int me = get_local_id(0);
  memory[me] = v;
  for (int half_group = GROUP / 2; half_group > 0; half_group >>= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < half_group) {
      memory[me] += memory[me + half_group];
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  float sum = memory[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return sum;
}

INLINE uint group_max_bits(ulanes v, __local float *memory) {
  __local uint *bits = (__local uint *)memory;
  int me = get_local_id(0);
  bits[me] = v;
  for (int half_group = GROUP / 2; half_group > 0; half_group >>= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < half_group) {
      bits[me] = max(bits[me], bits[me + half_group]);
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  uint largest = bits[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return largest;
}
#endif
