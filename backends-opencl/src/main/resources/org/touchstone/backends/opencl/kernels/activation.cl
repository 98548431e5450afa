// Gated activations of a gate g and an up projection u.

#define SWIGLU 0
#define SWIGLU_OAI 1
#define GEGLU_TANH 2

#define MINUS_INF_BITS 0xFF800000u

// NaN passes.
static inline lanes at_most(lanes x, float limit) { return x > limit ? (lanes)(limit) : x; }

static inline lanes at_least(lanes x, float limit) { return x < limit ? (lanes)(limit) : x; }

static inline lanes activated(int kind, float limit, lanes g, lanes u) {
  g = at_most(g, limit);
  u = at_least(at_most(u, limit), -limit);
  if (kind == SWIGLU) {
    return silu_lanes(g) * u;
  }
  lanes y;
  if (kind == SWIGLU_OAI) {
    y = divide_lanes(g, 1.0f + exp(-1.702f * g));
    u = u + 1.0f;
  } else {
    lanes cube = 0.044715f * g * g * g;
    y = 0.5f * g * (1.0f + tanh(0.7978845608028654f * (g + cube)));
  }
  y = as_ulanes(g) == MINUS_INF_BITS ? (lanes)(-0.0f) : y;
  return y * u;
}
