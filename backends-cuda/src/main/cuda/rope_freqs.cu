// Cosine and sine of position times frequency, in FP64 throughout: FP32 would lose the angle of large positions.
#include "common/types.cuh"

// Polynomials on [-pi/4, pi/4]: the first term left out is below 2^-40.
DEVICE double sine(double r) {
  double s = r * r;
  double p = fma(s, -1.0 / 39916800.0, 1.0 / 362880.0);
  p = fma(s, p, -1.0 / 5040.0);
  p = fma(s, p, 1.0 / 120.0);
  p = fma(s, p, -1.0 / 6.0);
  return fma(r * s, p, r);
}

DEVICE double cosine(double r) {
  double s = r * r;
  double p = fma(s, 1.0 / 479001600.0, -1.0 / 3628800.0);
  p = fma(s, p, 1.0 / 40320.0);
  p = fma(s, p, -1.0 / 720.0);
  p = fma(s, p, 1.0 / 24.0);
  p = fma(s, p, -0.5);
  return fma(s, p, 1.0);
}

KERNEL ts_rope_freqs(const int* positions, const double* frequencies, float* cos, float* sin, i64 rows, i64 pairs,
                     i64 step_cos, i64 step_sin, double factor) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < rows * pairs; i += (i64)gridDim.x * blockDim.x) {
    i64 row = i / pairs, pair = i - row * pairs;
    double position = (double)positions[row], frequency = frequencies[pair];
    // The angle as a sum of two: one alone loses 2^-22 radians at position 2^31.
    double angle = position * frequency;
    double rest = fma(position, frequency, -angle);
    // Multiples of pi/2 in two parts are exact for every I32 position: the first difference is exact.
    double n = rint(angle * 0.63661977236758134308);
    double r = fma(-n, 1.57079632679489655800, angle);
    r = fma(-n, 6.12323399573676603587e-17, r) + rest;
    int quadrant = (int)((i64)n & 3);
    double s = sine(r), c = cosine(r);
    double sin_angle = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    double cos_angle = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
    cos[row * step_cos + pair] = (float)(factor * cos_angle);
    sin[row * step_sin + pair] = (float)(factor * sin_angle);
  }
}
