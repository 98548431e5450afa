// Elementary functions of whole vectors, for every input, infinities, NaN and subnormal results included. The polynomials are
// those of the Vector API's twin.
#pragma once

INLINE V vselect(I mask, V yes, V no) { return (V)((mask & (I)yes) | (~mask & (I)no)); }
INLINE I vsplat(int32_t x) { return (I)vset(__builtin_bit_cast(float, x)); }
INLINE V vabs(V x) { return (V)((I)x & vsplat(0x7FFFFFFF)); }

// e^x.
INLINE V vexp(V x) {
  x = vmax(vset(-104), vmin(vset(89), x));
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
  V shifted = vfma(x, vset(0x1.715476p0f), vset(0x1.8p23f));
  V n = shifted - vset(0x1.8p23f);
  // ln 2 in two parts: a product of the first, which is short, with an exponent is exact.
  V r = vfma(n, vset(-0x1.62e4p-1f), x);
  r = vfma(n, vset(-0x1.7f7d1cp-20f), r);
  // e^r = 1 + r + r^2 q(r) for |r| <= ln(2)/2, minimax with a relative error of 0.03 units.
  V q = vfma(vset(0x1.6a2436p-10f), r, vset(0x1.1239e0p-7f));
  q = vfma(q, r, vset(0x1.5558f2p-5f));
  q = vfma(q, r, vset(0x1.555492p-3f));
  q = vfma(q, r, vset(0x1.fffffcp-2f));
  V power = vfma(q * r, r, r) + vset(1);
  // Two factors: 2^n alone leaves the normal numbers where e^x is subnormal or largest.
  I exponent = (I)shifted - vsplat(0x4B400000);
  I half = exponent >> 1;
  I rest = exponent - half;
  return power * (V)((half + vsplat(127)) << 23) * (V)((rest + vsplat(127)) << 23);
}

// tanh x.
INLINE V vtanh(V x) {
  V magnitude = vabs(x), square = x * x;
  // tanh x = x + x^3 p(x^2) for |x| <= 0.625, minimax with a relative error of 0.002 units.
  V p = vfma(vset(0x1.18e9acp-9f), square, vset(-0x1.0bf710p-7f));
  p = vfma(p, square, vset(0x1.638bc2p-6f));
  p = vfma(p, square, vset(-0x1.b9ee9ap-5f));
  p = vfma(p, square, vset(0x1.111066p-3f));
  p = vfma(p, square, vset(-0x1.555554p-2f));
  V small = vfma(p * square, magnitude, magnitude);
  V e = vexp(magnitude * vset(-2));
  V large = vset(1) - (e + e) / (e + vset(1));
  V result = vselect(magnitude > vset(0.625f), large, small);
  return (V)((I)result | ((I)x & vsplat((int32_t)0x80000000)));
}

// g sigma(x) for an x of the sign of g: the exponential of -|x| never overflows. -0 for g = -Inf.
INLINE V vtimes_sigmoid(V g, V x) {
  V e = vexp(vabs(x) * vset(-1));
  V numerator = vselect(g < vset(0), e, vset(1));
  // -Inf times a numerator of 0 would be NaN; any finite number gives the -0 that is wanted.
  V finite = vselect(g < vset(-0x1.fffffep127f), vset(-0x1.fffffep127f), g);
  return finite * numerator / (e + vset(1));
}

// The largest lane of several, in whatever order: NaN is left to the caller.
INLINE float vlargest(V x) {
  float lanes[LANES], top;
  vstore(lanes, x);
  top = lanes[0];
  for (int i = 1; i < LANES; i++) top = lanes[i] > top ? lanes[i] : top;
  return top;
}

// Lanes added in pairs, those half a vector apart first.
INLINE float vsum(V x) {
  float lanes[LANES];
  vstore(lanes, x);
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
  return lanes[0];
}

// Rounded to nearest even BF16, as FP32; NaN stays NaN.
INLINE V vround_bf16(V x) {
  I bits = (I)x;
  I rounded = (bits + vsplat(0x7FFF) + ((bits >> 16) & vsplat(1))) & vsplat((int32_t)0xFFFF0000);
  return vselect(x != x, x, (V)rounded);
}
