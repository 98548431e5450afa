package org.touchstone.backends.cpu.simd;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.backends.cpu.micro.RowKernels;

/**
 * Normalises rows in two passes: one that loads strips and sums up their squares, and one that
 * finds the row in scratch when it is one strip.
 */
final class RmsNormRows {
  private final long hidden;
  private final RmsNormStrips norm;
  private final Engine engine;

  RmsNormRows(RmsNormVariant variant, long hidden, float eps, DType output, Engine engine) {
    this.hidden = hidden;
    this.engine = engine;
    norm = new RmsNormStrips(variant, hidden, eps, output, engine.kernels());
  }

  /** Returns what every kernel of this kind declares. */
  static KernelTraits traits(RowKernels kernels) {
    return KernelTraits.PLAIN_F32.with(kernels.squareSumChain()).with(kernels.ulps());
  }

  /** Brings a strip of a row into {@code strip.a}, where its squares are summed up. */
  @FunctionalInterface
  interface FirstPass {
    /** Loads {@code count} elements from element {@code from} on. */
    void load(Strip strip, long row, long from, int count);
  }

  /**
   * Normalises.
   *
   * @param rows number of rows
   * @param passes how often a row goes through memory, for the cost
   * @param first the first pass
   * @param source where the second pass finds rows longer than a strip
   * @param w weights, or null
   * @param z gates, or null
   * @param y results
   */
  void run(
      long rows,
      int passes,
      FirstPass first,
      TensorRows source,
      @Nullable TensorRows w,
      @Nullable TensorRows z,
      TensorRows y) {
    long perTask = Strip.rowsPerTask(hidden);
    engine.forEach(
        Math.ceilDiv(rows, perTask),
        passes * hidden * perTask,
        task -> {
          long end = Math.min(rows, (task + 1) * perTask);
          for (long row = task * perTask; row < end; row++) {
            float r = norm.reciprocalRoot(squareSum(first, row));
            normalise(source, w, z, y, row, r);
          }
        });
  }

  private float squareSum(FirstPass first, long row) {
    Strip strip = Strip.mine();
    float sum = 0;
    for (long from = 0; from < hidden; from += Strip.LENGTH) {
      int count = Strip.count(hidden, from);
      first.load(strip, row, from, count);
      Strip.clearTail(strip.a, count, RmsNormStrips.UNROLLED);
      sum += engine.kernels().squareSum(strip.a, count);
    }
    return sum;
  }

  private void normalise(
      TensorRows source,
      @Nullable TensorRows w,
      @Nullable TensorRows z,
      TensorRows y,
      long row,
      float r) {
    Strip strip = Strip.mine();
    for (long from = 0; from < hidden; from += Strip.LENGTH) {
      int count = Strip.count(hidden, from);
      if (hidden > Strip.LENGTH) {
        source.load(row, from, strip.a, 0, count);
      }
      if (w != null) {
        w.load(0, from, strip.b, 0, count);
      }
      if (z != null) {
        z.load(row, from, strip.c, 0, count);
      }
      norm.normalise(strip.a, r, strip.b, strip.c, count);
      y.store(row, from, strip.a, 0, count);
    }
  }
}
