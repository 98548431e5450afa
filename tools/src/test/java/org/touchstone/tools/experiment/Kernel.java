package org.touchstone.tools.experiment;

import java.util.function.UnaryOperator;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;

/** Kernels of the experiment: correct ones, and one for each defect. */
enum Kernel {
  LEGIT_SEQUENTIAL("FP32, first to last", Sums.SEQUENTIAL),
  LEGIT_REVERSED("FP32, last to first", Sums.REVERSED),
  LEGIT_LANES("FP32, eight partial sums", Sums.LANES),
  LEGIT_PAIRWISE("FP32, pairs of pairs", Sums.PAIRWISE),
  LEGIT_PROMOTED("14 bits promoted every 128 terms, as Hopper's tensor cores", Sums.PROMOTED),
  ZERO_ELEMENT("one element is zero", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      double[] values = super.output(x);
      values[values.length / 2] = 0;
      return values;
    }
  },
  LAST_TERM("the last term of every sum is dropped", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      double[] a = x.a.clone();
      for (int row = 0; row < x.m; row++) {
        x.a[(row + 1) * x.k - 1] = 0;
      }
      double[] values = super.output(x);
      System.arraycopy(a, 0, x.a, 0, a.length);
      return values;
    }
  },
  BF16_SUMS("partial sums in BF16", Sums.BF16),
  TRUNCATED("the output is truncated", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      FloatFormat format = x.output.format();
      double[] values = Sums.SEQUENTIAL.all(x);
      for (int i = 0; i < values.length; i++) {
        double rounded = format.roundTo(values[i], Saturation.NONSAT);
        boolean up = Math.abs(rounded) > Math.abs(values[i]);
        values[i] = !up ? rounded : rounded > 0 ? format.nextDown(rounded) : format.nextUp(rounded);
      }
      return values;
    }
  },
  FLUSHED("subnormal operands become zero", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      return withOperands(x, v -> Math.abs(v) < FloatFormat.E4M3FN.minNormal() ? 0 : v);
    }
  },
  CLAMPED("operands are clamped at 240", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      return withOperands(x, v -> Math.clamp(v, -240.0, 240.0));
    }
  },
  WRONG_SCALE("the scale of the next block", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      double[] scales = x.scaleA.clone();
      for (int i = 0; i < scales.length; i++) {
        int row = i / x.blocks() * x.blocks();
        x.scaleA[i] = scales[row + (i - row + 1) % x.blocks()];
      }
      double[] values = super.output(x);
      System.arraycopy(scales, 0, x.scaleA, 0, scales.length);
      return values;
    }
  },
  STALE_COLUMN("the last column is that of the one before", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      double[] values = super.output(x);
      for (int row = 0; row < x.m; row++) {
        values[(row + 1) * x.n - 1] = values[(row + 1) * x.n - 2];
      }
      return values;
    }
  },
  ZERO_ROW("a row is zero", Sums.SEQUENTIAL) {
    @Override
    double[] output(Operands x) {
      double[] values = super.output(x);
      java.util.Arrays.fill(values, x.m / 2 * x.n, (x.m / 2 + 1) * x.n, 0);
      return values;
    }
  },
  PROMOTED_LATE("14 bits promoted every 256 terms", Sums.PROMOTED_LATE),
  NEVER_PROMOTED("14 bits that are never promoted", Sums.NEVER_PROMOTED);

  final String title;
  private final Sums sums;

  Kernel(String title, Sums sums) {
    this.title = title;
    this.sums = sums;
  }

  boolean legitimate() {
    return name().startsWith("LEGIT");
  }

  /** Returns what the kernel declares. */
  KernelTraits traits() {
    return sums.traits;
  }

  /** Computes the output, rounded to its type. */
  double[] output(Operands x) {
    double[] values = sums.all(x);
    for (int i = 0; i < values.length; i++) {
      values[i] = x.output.format().roundTo(values[i], Saturation.NONSAT);
    }
    return values;
  }

  double[] withOperands(Operands x, UnaryOperator<Double> change) {
    double[] a = x.a.clone();
    double[] b = x.b.clone();
    for (double[] operand : new double[][] {x.a, x.b}) {
      for (int i = 0; i < operand.length; i++) {
        operand[i] = change.apply(operand[i]);
      }
    }
    double[] values = sums.all(x);
    for (int i = 0; i < values.length; i++) {
      values[i] = x.output.format().roundTo(values[i], Saturation.NONSAT);
    }
    System.arraycopy(a, 0, x.a, 0, a.length);
    System.arraycopy(b, 0, x.b, 0, b.length);
    return values;
  }
}
