// Gated activations in FP32.
#pragma once
#include "types.cuh"

enum ActivationKind { SWIGLU = 0, SWIGLU_OAI = 1, GEGLU_TANH = 2 };

// g / (1 + e^-x); -0 for x = -Inf, and where e^-x leaves FP32.
DEVICE float gate_by_sigmoid(float g, float x) {
  if (x == NEGATIVE_INFINITY) return -0.0f;
  return g / (1.0f + expf(-x));
}

DEVICE float silu(float g) { return gate_by_sigmoid(g, g); }

DEVICE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// Clamps that NaN passes: g from above, u on both sides.
DEVICE float gated_activation(int kind, float limit, float g, float u) {
  g = g > limit ? limit : g;
  u = u > limit ? limit : u < -limit ? -limit : u;
  if (kind == SWIGLU) return silu(g) * u;
  if (kind == SWIGLU_OAI) return gate_by_sigmoid(g, 1.702f * g) * (u + 1.0f);
  // 0.5 (1 + tanh z) is the sigmoid of 2z, which does not cancel.
  float cube = 0.044715f * g * g * g;
  return gate_by_sigmoid(g, 2.0f * 0.7978845608028654f * (g + cube)) * u;
}
