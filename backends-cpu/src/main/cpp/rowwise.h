// Functions of rows of FP32.
#pragma once

typedef uint8_t CodeLanes __attribute__((vector_size(LANES), may_alias));

static void row_load(const uint8_t* src, int type, float* to, int n) {
  int i = 0;
  for (; i <= n - LANES; i += LANES) vstore(to + i, load_typed(type, src, i));
  if (i < n) {
    float lanes[LANES];
    vstore(lanes, load_tail(type, src, i, n - i));
    __builtin_memcpy(to + i, lanes, (size_t)(n - i) * sizeof(float));
  }
}

static void row_store(const float* x, int type, uint8_t* to, int n) {
  int i = 0;
  for (; i <= n - LANES; i += LANES) store_typed(type, to, i, vload(x + i));
  if (i < n) store_tail(type, to, i, n - i, load_tail(TS_F32, (const uint8_t*)x, i, n - i));
}

// Applies f(x) to n elements in place; what lies behind them in the last vector is kept.
template <class F>
INLINE void map(float* x, int n, F f) {
  int i = 0;
  for (; i <= n - LANES; i += LANES) vstore(x + i, f(vload(x + i), i));
  if (i < n) {
    float lanes[LANES];
    vstore(lanes, f(load_tail(TS_F32, (const uint8_t*)x, i, n - i), i));
    __builtin_memcpy(x + i, lanes, (size_t)(n - i) * sizeof(float));
  }
}

// LANES elements of another row of n.
INLINE V other(const float* y, int i, int n) {
  return i <= n - LANES ? vload(y + i) : load_tail(TS_F32, (const uint8_t*)y, i, n - i);
}

static void row_exp(float* x, int n, float shift) {
  map(x, n, [&](V v, int) { return vexp(v - vset(shift)); });
}

// Thirty-two partial sums on every processor, then pairs.
static float row_square_sum(const float* x, int n) {
  constexpr int VECTORS = 32 / LANES;
  V sums[VECTORS];
  for (int v = 0; v < VECTORS; v++) sums[v] = vset(0);
  for (int i = 0; i < n; i += 32)
    for (int v = 0; v < VECTORS && i + v * LANES < n; v++) {
      V e = other(x, i + v * LANES, n);
      sums[v] = vfma(e, e, sums[v]);
    }
  for (int half = VECTORS / 2; half > 0; half /= 2)
    for (int v = 0; v < half; v++) sums[v] = sums[v] + sums[v + half];
  return vsum(sums[0]);
}

// x r, times nothing, w, 1 + w, or w after rounding to BF16.
static void row_normalise(float* x, int n, float r, const float* w, int kind) {
  map(x, n, [&](V v, int i) {
    V scaled = v * vset(r);
    switch (kind) {
      case TS_NORM_PLAIN: return scaled;
      case TS_NORM_WEIGHT: return scaled * other(w, i, n);
      case TS_NORM_ONE_PLUS: return scaled * (other(w, i, n) + vset(1));
      default: return vround_bf16(scaled) * other(w, i, n);
    }
  });
}

// x silu(z), x rounded to BF16 before or not.
static void row_gate(float* x, const float* z, int n, int round) {
  map(x, n, [&](V v, int i) {
    V gate = other(z, i, n);
    return (round ? vround_bf16(v) : v) * vtimes_sigmoid(gate, gate);
  });
}

static void row_add(float* x, const float* y, int n, int round) {
  map(x, n, [&](V v, int i) {
    V sum = v + other(y, i, n);
    return round ? vround_bf16(sum) : sum;
  });
}

static void row_add_scaled(float* sum, const float* row, float weight, int n) {
  map(sum, n, [&](V v, int i) { return vfma(other(row, i, n), vset(weight), v); });
}

static void row_round(float* x, int n) {
  map(x, n, [&](V v, int) { return vround_bf16(v); });
}

// g sigma(slope g) u and its relatives; see the gated activations of the Java side. A limit that is not above zero is none.
static void row_gated_act(float* g, const float* u, int n, int kind, float limit) {
  V most = vset(limit > 0 ? limit : __builtin_inff());
  map(g, n, [&](V v, int i) {
    V up = other(u, i, n);
    if (limit > 0) {
      // Comparisons are false for NaN, which so passes through.
      v = vselect(v > most, most, v);
      up = vselect(up > most, most, up);
      up = vselect(up < -most, -most, up);
    }
    switch (kind) {
      case TS_SWIGLU: return vtimes_sigmoid(v, v) * up;
      case TS_SWIGLU_OAI: return vtimes_sigmoid(v, v * vset(1.702f)) * (up + vset(1));
      default: {
        V cube = v * v * v;
        // 2 sqrt(2 / pi)
        V x = vfma(cube, vset(0.044715f), v) * vset(1.5957691216057308f);
        return vtimes_sigmoid(v, x) * up;
      }
    }
  });
}

// The largest magnitude; NaN when there is one.
static float row_amax(const float* x, int n) {
  V most = vset(0);
  I nan = vsplat(0);
  for (int i = 0; i < n; i += LANES) {
    V v = vabs(other(x, i, n));
    nan |= v != v;
    most = vselect(v > most, v, most);
  }
  for (int i = 0; i < LANES; i++)
    if (nan[i]) return __builtin_nanf("");
  return vlargest(most);
}

// E4M3 codes of x / scale, clamped to a magnitude of at most 448 and rounded to nearest even.
static void row_quantise(const float* x, int n, float scale, float most, uint8_t* to) {
  V limit = vset(most), divisor = vset(scale);
  for (int i = 0; i < n; i += LANES) {
    V v = other(x, i, n) / divisor;
    V magnitude = vabs(v);
    magnitude = vselect(magnitude > limit, limit, magnitude);
    I bits = (I)magnitude;
    I normal = ((bits + vsplat(0x7FFFF) + ((bits >> 20) & vsplat(1))) >> 20) - vsplat(120 << 3);
    // Below 2^-6 codes are multiples of 2^-9, the last place of 2^14.
    I small = (I)(magnitude + vset(0x1p14f)) - (I)vset(0x1p14f);
    I is_small = magnitude < vset(0x1p-6f);
    I code = (is_small & small) | (~is_small & normal);
    code = code | (((I)v >> 24) & vsplat(0x80));
    I nan = v != v;
    code = (nan & vsplat(0x7F)) | (~nan & code);
    CodeLanes codes = __builtin_convertvector(code, CodeLanes);
    __builtin_memcpy(to + i, &codes, n - i < LANES ? (size_t)(n - i) : sizeof codes);
  }
}

// A row in groups of at most 2048 elements, each with the scale max(amax, floor) / most.
static void row_quantise_groups(const uint8_t* src, int type, int64_t n, int group, float floor, float most, uint8_t* to, float* scales) {
  float x[2048] __attribute__((aligned(64)));
  for (int64_t i = 0; i < n; i += group) {
    int count = least(n - i, group);
    row_load(src + i * element_bytes(type), type, x, count);
    float amax = row_amax(x, count);
    // NaN stays NaN.
    float scale = (amax < floor ? floor : amax) / most;
    row_quantise(x, count, scale, most, to + i);
    __builtin_memcpy(scales++, &scale, sizeof scale);
  }
}
