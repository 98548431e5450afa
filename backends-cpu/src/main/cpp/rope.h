// Rotation of pairs.
#pragma once

enum { PAIRS_AT_MOST = 2048 };

// Pairs of elements a distance apart: a' = a cos - b sin, b' = b cos + a sin.
INLINE void rotate_pair(int type, const uint8_t* x, uint8_t* y, int i, int n, int64_t distance, const float* cos, const float* sin) {
  bool whole = i <= n - LANES;
  V a = whole ? load_typed(type, x, i) : load_tail(type, x, i, n - i);
  V b = whole ? load_typed(type, x, distance + i) : load_tail(type, x, distance + i, n - i);
  V c = other(cos, i, n), s = other(sin, i, n);
  V first = vfma(a, c, -(b * s)), second = vfma(b, c, a * s);
  if (whole) {
    store_typed(type, y, i, first);
    store_typed(type, y, distance + i, second);
  } else {
    store_tail(type, y, i, n - i, first);
    store_tail(type, y, distance + i, n - i, second);
  }
}

// Neighbours, with a cosine and a sine of alternating sign for every element: x cos + swap(x) sin.
INLINE void rotate_neighbours(int type, const uint8_t* x, uint8_t* y, int i, int n, const float* cos, const float* sin) {
  bool whole = i <= n - LANES;
  V v = whole ? load_typed(type, x, i) : load_tail(type, x, i, n - i);
  V rotated = vfma(v, other(cos, i, n), vswap(v) * other(sin, i, n));
  if (whole) {
    store_typed(type, y, i, rotated);
  } else {
    store_tail(type, y, i, n - i, rotated);
  }
}

// The same pairs of every head; a distance of 1 is that of neighbours.
static void row_rotate(const uint8_t* x, int64_t x_pitch, uint8_t* y, int64_t y_pitch, int type, int heads, int pairs,
                       int64_t distance, const float* cos, const float* sin) {
  if (distance > 1) {
    for (int h = 0; h < heads; h++, x += x_pitch, y += y_pitch)
      for (int i = 0; i < pairs; i += LANES) rotate_pair(type, x, y, i, pairs, distance, cos, sin);
    return;
  }
  float c[2 * PAIRS_AT_MOST], s[2 * PAIRS_AT_MOST];
  for (int i = 0; i < pairs; i++) {
    c[2 * i] = c[2 * i + 1] = cos[i];
    s[2 * i] = -sin[i];
    s[2 * i + 1] = sin[i];
  }
  for (int h = 0; h < heads; h++, x += x_pitch, y += y_pitch)
    for (int i = 0; i < 2 * pairs; i += LANES) rotate_neighbours(type, x, y, i, 2 * pairs, c, s);
}
