package org.touchstone.backends.cpu.simd;

/** Scores of experts, and the choice of the best. */
final class RouteRows {
  private RouteRows() {}

  static void softmax(float[] x, int count) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, x[i]);
    }
    if (max == Float.NEGATIVE_INFINITY) {
      java.util.Arrays.fill(x, 0, count, 0f);
      return;
    }
    VectorMath.exp(x, 0, count, max);
    float sum = 0;
    for (int i = 0; i < count; i++) {
      sum += x[i];
    }
    for (int i = 0; i < count; i++) {
      x[i] /= sum;
    }
  }

  static void top(float[] x, int count, int[] top, int k) {
    int found = 0;
    for (int i = 0; i < count; i++) {
      boolean better = found < k ? !Float.isNaN(x[i]) : x[i] > x[top[k - 1]];
      if (better) {
        int at = found < k ? found++ : k - 1;
        for (; at > 0 && x[i] > x[top[at - 1]]; at--) {
          top[at] = top[at - 1];
        }
        top[at] = i;
      }
    }
  }
}
