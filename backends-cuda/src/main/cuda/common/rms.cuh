// Root mean square normalisation of a row by a block of threads.
#pragma once
#include "activation.cuh"
#include "format.cuh"
#include "reduce.cuh"

enum RmsVariant {
  CAST_THEN_MUL = 0,
  FP32_MUL = 1,
  ONE_PLUS_W = 2,
  NO_WEIGHT = 3,
  GATED = 4,
  GATED_CAST_THEN_MUL = 5
};

DEVICE float reciprocal_root(float sum, i64 hidden, float eps) { return 1.0f / sqrtf(sum / (float)hidden + eps); }

DEVICE float normalised(int variant, float x, float r, float w, float z, int type) {
  float y = x * r;
  switch (variant) {
    case CAST_THEN_MUL:
      return round_to(y, type) * w;
    case FP32_MUL:
      return y * w;
    case ONE_PLUS_W:
      return y * (1.0f + w);
    case GATED:
      return round_to(y * w, type) * silu(z);
    case GATED_CAST_THEN_MUL:
      return round_to(y, type) * w * silu(z);
    default:
      return y;
  }
}
