// y = x / sqrt(mean(x^2) + eps), weighted and gated as the variant says; a group takes a row.

#define CAST_THEN_MUL 0
#define FP32_MUL 1
#define ONE_PLUS_W 2
#define NO_WEIGHT 3
#define GATED 4
#define GATED_CAST_THEN_MUL 5

static inline lanes normalised(int variant, int y_type, lanes x, float r, lanes w, lanes z) {
  switch (variant) {
    case CAST_THEN_MUL:
      return w * rounded_lanes(y_type, x * r);
    case FP32_MUL:
      return x * r * w;
    case ONE_PLUS_W:
      return x * r * (1.0f + w);
    case NO_WEIGHT:
      return x * r;
    case GATED:
      return rounded_lanes(y_type, x * r * w) * silu_lanes(z);
    default:
      return w * rounded_lanes(y_type, x * r) * silu_lanes(z);
  }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void rms_norm(
    in_t x, ulong x_at, ulong x_step, in_t w, ulong w_at, in_t z, ulong z_at, ulong z_step,
    out_t y, ulong y_at, ulong y_step, int x_type, int w_type, int y_type,
    int variant, int hidden, float eps) {
  REDUCTION_MEMORY;
  ulong row = get_group_id(0);
  x += x_at;
  w += w_at;
  z += z_at;
  y += y_at;
  lanes sum = 0;
  for (int i = FIRST; i < hidden; i += STEP) {
    lanes v = load_lanes(x, x_type, row * x_step + i, hidden - i);
    sum = fma(v, v, sum);
  }
  float r = reciprocal_root(divide(group_sum(sum, REDUCTION), (float)hidden) + eps);
  for (int i = FIRST; i < hidden; i += STEP) {
    int left = hidden - i;
    lanes v = load_lanes(x, x_type, row * x_step + i, left);
    lanes weight = 0;
    lanes gate = 0;
    if (variant != NO_WEIGHT) {
      weight = load_lanes(w, w_type, i, left);
    }
    if (variant >= GATED) {
      gate = load_lanes(z, x_type, row * z_step + i, left);
    }
    store_lanes(y, y_type, row * y_step + i, left, normalised(variant, y_type, v, r, weight, gate));
  }
}

// next = round(residual + x), y = norm(next). A work-item reads back only what it wrote, so next may
// be the residual and y may be x.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void fused_add_rms_norm(
    in_t x, ulong x_at, ulong x_step, in_t residual, ulong residual_at, ulong residual_step,
    in_t w, ulong w_at, out_t next, ulong next_at, ulong next_step,
    out_t y, ulong y_at, ulong y_step, int x_type, int w_type, int y_type,
    int variant, int hidden, float eps) {
  REDUCTION_MEMORY;
  ulong row = get_group_id(0);
  x += x_at;
  residual += residual_at;
  w += w_at;
  next += next_at;
  y += y_at;
  lanes sum = 0;
  for (int i = FIRST; i < hidden; i += STEP) {
    int left = hidden - i;
    lanes v = load_lanes(residual, x_type, row * residual_step + i, left)
        + load_lanes(x, x_type, row * x_step + i, left);
    v = rounded_lanes(x_type, v);
    store_lanes(next, x_type, row * next_step + i, left, v);
    sum = fma(v, v, sum);
  }
  float r = reciprocal_root(divide(group_sum(sum, REDUCTION), (float)hidden) + eps);
  for (int i = FIRST; i < hidden; i += STEP) {
    int left = hidden - i;
    lanes v = load_lanes((in_t)next, x_type, row * next_step + i, left);
    lanes weight = 0;
    if (variant != NO_WEIGHT) {
      weight = load_lanes(w, w_type, i, left);
    }
    store_lanes(y, y_type, row * y_step + i, left, normalised(variant, y_type, v, r, weight, (lanes)(0)));
  }
}
