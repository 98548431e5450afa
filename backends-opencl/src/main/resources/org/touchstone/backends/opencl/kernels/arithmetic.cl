// Arithmetic that is correctly rounded on every device.

// Rounds m * 2^e to FP32; bit 0 of m may stand for everything below it.
static inline float pack_float(uint sign, ulong m, int e) {
  int top = 63 - (int)clz(m);
  int field = top + e + 127;
  int shift = top - 23 + max(0, 1 - field);
  if (shift > top + 1) {
    return as_float(sign);
  }
  ulong quotient = shift > 0 ? m >> shift : m << -shift;
  if (shift > 0) {
    ulong rest = m - (quotient << shift);
    ulong half_unit = (ulong)1 << (shift - 1);
    quotient += rest > half_unit || (rest == half_unit && (quotient & 1)) ? 1 : 0;
  }
  // The hidden bit adds one to the field.
  ulong bits = ((ulong)(max(field, 1) - 1) << 23) + quotient;
  return as_float(sign | (bits >= INF_BITS ? INF_BITS : (uint)bits));
}

// Division in integers, for devices whose own may err by 2.5 units in the last place.
static float divide_exactly(float a, float b) {
  uint sign = (as_uint(a) ^ as_uint(b)) & 0x80000000u;
  uint ua = as_uint(a) & 0x7FFFFFFFu;
  uint ub = as_uint(b) & 0x7FFFFFFFu;
  if (ua > INF_BITS || ub > INF_BITS || (ua == INF_BITS && ub == INF_BITS) || (ua | ub) == 0) {
    return quiet_nan();
  }
  if (ua == INF_BITS || ub == 0) {
    return as_float(sign | INF_BITS);
  }
  if (ub == INF_BITS || ua == 0) {
    return as_float(sign);
  }
  int sa = ua < 0x800000 ? (int)clz(ua) - 8 : 0;
  int sb = ub < 0x800000 ? (int)clz(ub) - 8 : 0;
  int ea = ua < 0x800000 ? 1 - sa : (int)(ua >> 23);
  int eb = ub < 0x800000 ? 1 - sb : (int)(ub >> 23);
  ulong ma = ua < 0x800000 ? ua << sa : (ua & 0x7FFFFF) | 0x800000;
  ulong mb = ub < 0x800000 ? ub << sb : (ub & 0x7FFFFF) | 0x800000;
  ulong quotient = (ma << 32) / mb;
  quotient |= quotient * mb != ma << 32;
  return pack_float(sign, quotient, ea - eb - 32);
}

#if defined(CORRECT_DIVISION) && !defined(SOFTWARE_DIVISION)
static inline float divide(float a, float b) { return a / b; }
static inline float root(float x) { return sqrt(x); }
#else
static inline float divide(float a, float b) { return divide_exactly(a, b); }

// A Newton step brings a root that errs by a few units to the nearest number or its neighbour.
static inline float root(float x) {
  float s = sqrt(x);
  if (!(x > 0x1p-100f && x < 0x1p100f)) {
    return s;
  }
  return fma(fma(-s, s, x), 0.5f / s, s);
}
#endif

static inline float reciprocal_root(float x) { return divide(1.0f, root(x)); }
