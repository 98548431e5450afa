// Scores of experts, and the choice of the best.
#pragma once

// e^(x - largest) over their sum; a row of -Inf becomes zeros.
static void row_softmax(float* x, int n) {
  V most = vset(-__builtin_inff());
  int i = 0;
  for (; i <= n - LANES; i += LANES) {
    V v = vload(x + i);
    most = vselect(v > most, v, most);
  }
  float largest = vlargest(most);
  for (; i < n; i++) largest = x[i] > largest ? x[i] : largest;
  if (largest == -__builtin_inff()) {
    __builtin_memset(x, 0, (size_t)n * sizeof(float));
    return;
  }
  row_exp(x, n, largest);
  V sums = vset(0);
  for (i = 0; i <= n - LANES; i += LANES) sums = sums + vload(x + i);
  if (i < n) sums = sums + load_tail(TS_F32, (const uint8_t*)x, i, n - i);
  V sum = vset(vsum(sums));
  map(x, n, [&](V v, int) { return v / sum; });
}

// 1 / (1 + e^-x); the exponential of -|x| never overflows.
static void row_sigmoid(float* x, int n) {
  map(x, n, [&](V v, int) {
    V e = vexp(vabs(v) * vset(-1));
    V result = vselect(v < vset(0), e, vset(1)) / (e + vset(1));
    return vselect(v != v, v, result);
  });
}

// The k largest of n in falling order, the lower index first on ties; NaN is never taken. There are at least k others.
static void row_top(const float* x, int n, int k, int32_t* top) {
  int found = 0;
  for (int i = 0; i < n; i += LANES) {
    // Once k are found, most vectors have nothing to offer.
    if (found == k && !vany(other(x, i, n) > vset(x[top[k - 1]]))) continue;
    for (int j = i; j < n && j < i + LANES; j++) {
      if (x[j] != x[j] || (found == k && !(x[j] > x[top[k - 1]]))) continue;
      int at = found < k ? found++ : k - 1;
      for (; at > 0 && x[j] > x[top[at - 1]]; at--) top[at] = top[at - 1];
      top[at] = j;
    }
  }
}
