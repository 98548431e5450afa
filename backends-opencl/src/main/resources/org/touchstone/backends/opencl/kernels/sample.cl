// Draws one token per row; a group takes a row.
//
// Probabilities are added up as integers, in units of 2^-bits of the largest: the sums are exact, do
// not depend on their order and need no FP64. Filters end a prefix of the descending order at a
// logit that a radix select finds in four passes over keys that sort like the logits.

#define MINUS_INF as_float(0xFF800000u)
#define BINS 256

static inline float counted(float logit) { return is_nan(logit) ? MINUS_INF : logit; }

// Sorts like the logits, unsigned; zeros are equal and NaN counts as -Inf.
static inline uint key_of(float logit) {
  uint bits = as_uint(counted(logit) + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static inline float logit_of(uint key) {
  return as_float(key >> 31 ? key & 0x7FFFFFFFu : ~key);
}

static inline ulong mass_of(float weight, float unit) { return convert_ulong_rte(weight * unit); }

// Adds one value per work-item; before becomes the sum of those of lower work-items.
INLINE ulong scan(ulong value, __local ulong *memory, ulong *before) {
#ifdef VARIANT_CPU
  *before = 0;
  return value;
#else
  int me = get_local_id(0);
  barrier(CLK_LOCAL_MEM_FENCE);
  memory[me] = value;
  for (int distance = 1; distance < GROUP; distance <<= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    ulong left = me >= distance ? memory[me - distance] : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    memory[me] += left;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  *before = memory[me] - value;
  ulong total = memory[GROUP - 1];
  barrier(CLK_LOCAL_MEM_FENCE);
  return total;
#endif
}

// Bins are three arrays: tokens, and the lower and upper halves of their mass.
#define COUNT 0
#define LOW BINS
#define HIGH (2 * BINS)

// Adds to a bin; 64 bits as two halves, because not every device adds those at once.
INLINE void add_to_bin(__local uint *bins, uint bin, ulong mass) {
#ifdef VARIANT_CPU
  ulong sum = ((ulong)bins[HIGH + bin] << 32 | bins[LOW + bin]) + mass;
  bins[COUNT + bin]++;
  bins[LOW + bin] = (uint)sum;
  bins[HIGH + bin] = (uint)(sum >> 32);
#else
  uint low = (uint)mass;
  uint old = atomic_add(&bins[LOW + bin], low);
  uint carry = old + low < low;
  atomic_inc(&bins[COUNT + bin]);
  atomic_add(&bins[HIGH + bin], (uint)(mass >> 32) + carry);
#endif
}

// Returns the key of the token with which the descending prefix measures `wanted`; above becomes the
// measure of the larger keys. by_count: tokens are counted, otherwise their masses are added up.
INLINE uint select_key(
    __global const float *logits, __global const float *weights, int vocabulary, float unit,
    int by_count, ulong wanted, __local uint *bins, __local ulong *shared_state, ulong *above) {
  int me = get_local_id(0);
  uint prefix = 0;
  ulong before = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int bin = me; bin < BINS; bin += GROUP) {
      bins[COUNT + bin] = 0;
      bins[LOW + bin] = 0;
      bins[HIGH + bin] = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = me; i < vocabulary; i += GROUP) {
      uint key = key_of(logits[i]);
      if (shift == 24 || key >> (shift + 8) == prefix >> (shift + 8)) {
        add_to_bin(bins, key >> shift & (BINS - 1), mass_of(weights[i], unit));
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me == 0) {
      int bin = BINS - 1;
      for (; bin > 0; bin--) {
        ulong mass = by_count ? bins[COUNT + bin] : (ulong)bins[HIGH + bin] << 32 | bins[LOW + bin];
        if (before + mass >= wanted) {
          break;
        }
        before += mass;
      }
      shared_state[0] = (ulong)bin;
      shared_state[1] = before;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    prefix |= (uint)shared_state[0] << shift;
    before = shared_state[1];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  *above = before;
  return prefix;
}

// Finds the first of the largest logits; all work-items get its key.
INLINE uint find_largest(
    __global const float *logits, int vocabulary, __local uint *best_key, __local int *best_index,
    int *first) {
  int me = get_local_id(0);
  uint key = 0;
  int best = -1;
  for (int i = me; i < vocabulary; i += GROUP) {
    uint own = key_of(logits[i]);
    if (best < 0 || own > key) {
      key = own;
      best = i;
    }
  }
  best_key[me] = key;
  best_index[me] = best;
  for (int half_group = GROUP / 2; half_group > 0; half_group >>= 1) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < half_group) {
      uint my_key = best_key[me];
      uint other_key = best_key[me + half_group];
      int mine = best_index[me];
      int other = best_index[me + half_group];
      if (other >= 0
          && (mine < 0 || other_key > my_key || (other_key == my_key && other < mine))) {
        best_key[me] = other_key;
        best_index[me] = other;
      }
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  *first = best_index[0];
  return best_key[0];
}

// The first of the largest logits.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void sample_largest(
    in_t logits_in, ulong logits_at, ulong logits_step, out_t ids, ulong ids_at, int vocabulary) {
  __local uint best_key[GROUP];
  __local int best_index[GROUP];
  ulong row = get_group_id(0);
  __global const float *logits = (__global const float *)(logits_in + logits_at) + row * logits_step;
  int first;
  uint key = find_largest(logits, vocabulary, best_key, best_index, &first);
  if (get_local_id(0) == 0) {
    ((__global int *)(ids + ids_at))[row] = key == key_of(MINUS_INF) ? -1 : first;
  }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void sample(
    in_t logits_in, ulong logits_at, ulong logits_step, in_t uniform, ulong uniform_at,
    out_t ids, ulong ids_at, out_t scratch, ulong scratch_at, int vocabulary,
    float temperature, int top_k, float top_p, float min_p, int bits) {
  __local uint best_key[GROUP];
  __local int best_index[GROUP];
  __local uint bins[3 * BINS];
  __local ulong shared_state[GROUP > 2 ? GROUP : 2];
  int me = get_local_id(0);
  ulong row = get_group_id(0);
  __global const float *logits = (__global const float *)(logits_in + logits_at) + row * logits_step;
  __global int *id = (__global int *)(ids + ids_at) + row;

  int ignored_index;
  uint key = find_largest(logits, vocabulary, best_key, best_index, &ignored_index);
  // A row without a logit above -Inf goes through with meaningless weights, because a group must
  // meet at every barrier.
  int empty = key == key_of(MINUS_INF);

  // Weights relative to the largest, kept for the passes that follow.
  __global float *weights = (__global float *)(scratch + scratch_at) + row * (ulong)vocabulary;
  float largest = logit_of(key);
  for (int i = FIRST; i < vocabulary; i += STEP) {
    int left = vocabulary - i;
    lanes l = load_lanes((in_t)logits, F32, i, left);
    lanes e = exp(divide_lanes(l - largest, (lanes)(temperature)));
    e = (as_ulanes(e) & 0x7FFFFFFFu) > INF_BITS ? (lanes)(0) : e;
    e = l == largest ? (lanes)(1) : e;
    store_lanes((out_t)weights, F32, i, left, e);
  }
  barrier(CLK_GLOBAL_MEM_FENCE);

  // Kept are keys above `last`, and of those equal to it the first `ties`.
  float unit = as_float((uint)(127 + bits) << 23);
  uint last = 0;
  ulong ties = (ulong)vocabulary;
  ulong above;
  ulong ignored;
  int chunk = (vocabulary + GROUP - 1) / GROUP;
  int from = min(me * chunk, vocabulary);
  int end = min(from + chunk, vocabulary);
  if (top_k > 0 && top_k < vocabulary) {
    last = select_key(
        logits, weights, vocabulary, unit, 1, (ulong)top_k, bins, shared_state, &above);
  }
  if (top_p < 1) {
    ulong own = 0;
    for (int i = from; i < end; i++) {
      own += key_of(logits[i]) >= last ? mass_of(weights[i], unit) : 0;
    }
    ulong total = scan(own, shared_state, &ignored);
    // top_p in units of 2^-32, rounded up so that a share that reaches it reaches this.
    ulong share = convert_ulong_rtp(top_p * 0x1p32f);
    ulong wanted = mul_hi(total, share << 31) << 1;
    wanted = max(wanted, (ulong)1);
    uint end_key = select_key(
        logits, weights, vocabulary, unit, 0, wanted, bins, shared_state, &above);
    if (end_key >= last) {
      last = end_key;
      ulong mass = 0;
      for (int i = from; i < end; i++) {
        mass = key_of(logits[i]) == last ? mass_of(weights[i], unit) : mass;
      }
      // Equal logits have equal weights, so whoever has one tells the same.
      if (me == 0) {
        bins[LOW] = 0;
        bins[HIGH] = 0;
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      if (mass > 0) {
        atomic_max(&bins[LOW], (uint)mass);
        atomic_max(&bins[HIGH], (uint)(mass >> 32));
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      mass = (ulong)bins[HIGH] << 32 | bins[LOW];
      ulong rest = wanted > above ? wanted - above : 0;
      ties = mass == 0 ? 1 : max((ulong)1, (rest + mass - 1) / mass);
    }
  }

  // Two sums over chunks of the row: ties before a chunk, then the mass before it.
  ulong own_ties = 0;
  for (int i = from; i < end; i++) {
    own_ties += key_of(logits[i]) == last;
  }
  ulong ties_before;
  scan(own_ties, shared_state, &ties_before);
  ulong own_mass = 0;
  ulong tie = ties_before;
  for (int i = from; i < end; i++) {
    uint k = key_of(logits[i]);
    int kept = k > last || (k == last && tie < ties);
    tie += k == last;
    own_mass += kept && weights[i] >= min_p ? mass_of(weights[i], unit) : 0;
  }
  ulong mass_before;
  ulong total = scan(own_mass, shared_state, &mass_before);
  float u = ((__global const float *)(uniform + uniform_at))[row];
  // Less than the total, since u is below 1.
  ulong threshold = mul_hi(total, convert_ulong(u * 0x1p40f) << 23) << 1;
  threshold = min(threshold, total - 1);
  int here = threshold >= mass_before && threshold < mass_before + own_mass;
  tie = ties_before;
  ulong cumulative = mass_before;
  int drawn = -1;
  for (int i = from; here && i < end && cumulative <= threshold; i++) {
    uint k = key_of(logits[i]);
    int kept = k > last || (k == last && tie < ties);
    tie += k == last;
    cumulative += kept && weights[i] >= min_p ? mass_of(weights[i], unit) : 0;
    drawn = i;
  }
  if (empty ? me == 0 : here) {
    *id = empty ? -1 : drawn;
  }
}
