// Cosine and sine of position * f_i, times a factor. The frequencies come as turns: the fraction of
// f_i / (2 pi) in units of 2^-64. The product with an integer position then wraps by itself, without
// FP64 and without an error that grows with the position.

static inline float sine(float x) {
  // |x| <= pi/4: the series to x^11 is off by less than 2^-31.
  float z = x * x;
  float p = fma(z, -2.5052108e-8f, 2.7557319e-6f);
  p = fma(z, p, -1.9841270e-4f);
  p = fma(z, p, 8.3333333e-3f);
  p = fma(z, p, -1.6666667e-1f);
  return fma(x * z, p, x);
}

static inline float cosine(float x) {
  float z = x * x;
  float p = fma(z, 2.0876757e-9f, -2.7557319e-7f);
  p = fma(z, p, 2.4801587e-5f);
  p = fma(z, p, -1.3888889e-3f);
  p = fma(z, p, 4.1666667e-2f);
  return fma(z * z, p, fma(z, -0.5f, 1.0f));
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void rope_freqs(
    __global const int *positions, ulong positions_at, out_t cosines, ulong cosines_at,
    ulong cosines_step, out_t sines, ulong sines_at, ulong sines_step,
    __global const ulong *turns, ulong turns_at, float factor, int pairs) {
  ulong token = get_group_id(0);
  positions = (__global const int *)((in_t)positions + positions_at);
  turns = (__global const ulong *)((in_t)turns + turns_at);
  __global float *c = (__global float *)(cosines + cosines_at) + token * cosines_step;
  __global float *s = (__global float *)(sines + sines_at) + token * sines_step;
  ulong position = (ulong)(long)positions[token];
  for (int i = get_local_id(0); i < pairs; i += GROUP) {
    ulong angle = position * turns[i];
    // The nearest quarter turn, and the rest of -1/8 to 1/8 of a turn.
    ulong quarter = (angle + ((ulong)1 << 61)) >> 62;
    long rest = (long)(angle - (quarter << 62));
    float x = (float)rest * (6.2831853071795865f * 0x1p-64f);
    float sx = sine(x);
    float cx = cosine(x);
    float sin_angle = quarter & 1 ? cx : sx;
    float cos_angle = quarter & 1 ? sx : cx;
    sin_angle = quarter & 2 ? -sin_angle : sin_angle;
    cos_angle = (quarter + 1) & 2 ? -cos_angle : cos_angle;
    c[i] = factor * cos_angle;
    s[i] = factor * sin_angle;
  }
}

// a' = a cos - b sin, b' = b cos + a sin for every pair; other elements are copied bit by bit. A group
// takes a head of a token.
static inline void copy_elements(
    in_t x, ulong from, out_t y, ulong to, int type, int first, int end) {
  for (int i = first + get_local_id(0); i < end; i += GROUP) {
    if (type == F32) {
      ((__global uint *)y)[to + i] = ((__global const uint *)x)[from + i];
    } else {
      ((__global ushort *)y)[to + i] = ((__global const ushort *)x)[from + i];
    }
  }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void rope_apply(
    in_t x, ulong x_at, ulong x_token, ulong x_head, in_t cosines, ulong cosines_at, ulong cos_step,
    in_t sines, ulong sines_at, ulong sin_step, out_t y, ulong y_at, ulong y_token, ulong y_head,
    int type, int head_dim, int pairs, int offset, int interleaved, float direction, int in_place) {
  ulong head = get_group_id(0);
  ulong token = get_group_id(1);
  x += x_at;
  y += y_at;
  cosines += cosines_at;
  sines += sines_at;
  ulong from = token * x_token + head * x_head;
  ulong to = token * y_token + head * y_head;
  if (!in_place) {
    copy_elements(x, from, y, to, type, 0, offset);
    copy_elements(x, from, y, to, type, offset + 2 * pairs, head_dim);
  }
  for (int i = FIRST; i < pairs; i += STEP) {
    int left = pairs - i;
    lanes c = load_lanes(cosines, F32, token * cos_step + i, left);
    lanes s = direction * load_lanes(sines, F32, token * sin_step + i, left);
    lanes a;
    lanes b;
    if (interleaved) {
      load_pairs(x, type, from + offset + 2 * i, left, &a, &b);
      store_pairs(y, type, to + offset + 2 * i, left, a * c - b * s, b * c + a * s);
    } else {
      a = load_lanes(x, type, from + offset + i, left);
      b = load_lanes(x, type, from + offset + pairs + i, left);
      store_lanes(y, type, to + offset + i, left, a * c - b * s);
      store_lanes(y, type, to + offset + pairs + i, left, b * c + a * s);
    }
  }
}
