package org.touchstone.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8Scaling;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.host.HostTensors;

/**
 * {@code moe_forward} written down a second time, in plain loops without bounds, with the defects
 * that a judge has to see.
 */
final class MoeNaive {
  /** What is wrong with the computation. */
  enum Defect {
    NONE,
    /** Sums are rounded to BF16 after every term. */
    BF16_SUMS,
    /** Every token goes to the next expert. */
    NEXT_EXPERT,
    /** Gate and up change places. */
    GATE_AND_UP_SWAPPED,
    /** The last term of every dot product is lost. */
    LAST_TERM_LOST,
    /** Scales of weights come from the next block of columns. */
    NEXT_SCALE,
    /** Routing weights are ignored. */
    UNWEIGHTED,
    /** The activation is not rounded or quantised before the down projection. */
    HIDDEN_NOT_ROUNDED
  }

  private static final Fp8Scaling SCALING = Fp8Scaling.ofE4m3Fn(DType.F32, ScaleMode.FP32);

  private final MoeForwardSpec spec;
  private final Defect defect;

  private MoeNaive(MoeForwardSpec spec, Defect defect) {
    this.spec = spec;
    this.defect = defect;
  }

  /** Returns y before its rounding to the output type. */
  static double[] y(MoeForwardSpec spec, MoeForwardArgs args, Defect defect) {
    return new MoeNaive(spec, defect).y(args);
  }

  private double[] y(MoeForwardArgs args) {
    int h = (int) spec.hiddenSize();
    int k = (int) spec.topK();
    int tokens = (int) args.x().dim(0);
    double[] x = HostTensors.doubles(args.x());
    double[] weights = HostTensors.doubles(args.weights());
    long[] indices = HostTensors.codes(args.indices());
    double[] y = new double[tokens * h];
    boolean inside = spec.weightOn() == MoeForwardSpec.WeightOn.ACT_BEFORE_DOWN;
    for (int t = 0; t < tokens; t++) {
      double[] row = java.util.Arrays.copyOfRange(x, t * h, (t + 1) * h);
      for (int j = 0; j < k; j++) {
        long chosen = indices[t * k + j];
        if (chosen < 0) {
          continue;
        }
        long expert = defect == Defect.NEXT_EXPERT ? (chosen + 1) % spec.experts() : chosen;
        double w = defect == Defect.UNWEIGHTED ? 1 : weights[t * k + j];
        double[] o =
            mlp(row, args.w1(), args.w1Scale(), args.w2(), args.w2Scale(), expert, inside ? w : 1);
        for (int n = 0; n < h; n++) {
          y[t * h + n] += (inside ? 1 : w) * o[n];
        }
      }
      if (args.sharedW1() != null && args.sharedW2() != null) {
        double scale = 1;
        if (args.sharedGate() != null) {
          double[] gate = HostTensors.doubles(args.sharedGate());
          double z = 0;
          for (int n = 0; n < h; n++) {
            z += gate[n] * row[n];
          }
          scale = 1 / (1 + Math.exp(-z));
        }
        double[] o =
            mlp(
                row,
                args.sharedW1(),
                args.sharedW1Scale(),
                args.sharedW2(),
                args.sharedW2Scale(),
                0,
                1);
        for (int n = 0; n < h; n++) {
          y[t * h + n] += scale * o[n];
        }
      }
    }
    return y;
  }

  private double[] mlp(
      double[] x,
      Tensor w1,
      @Nullable Tensor s1,
      Tensor w2,
      @Nullable Tensor s2,
      long expert,
      double routing) {
    double[] in = spec.operands().scaled() ? quantised(x) : x;
    double[] h = product(in, w1, s1, expert);
    int width = h.length / 2;
    double[] a = new double[width];
    boolean interleaved = spec.activation().layout() == Activation.GateLayout.INTERLEAVED;
    for (int i = 0; i < width; i++) {
      double g = rounded(spec.gateUp(), h[interleaved ? 2 * i : i]);
      double u = rounded(spec.gateUp(), h[interleaved ? 2 * i + 1 : width + i]);
      a[i] = defect == Defect.GATE_AND_UP_SWAPPED ? act(u, g) : act(g, u);
      a[i] *= routing;
      if (defect != Defect.HIDDEN_NOT_ROUNDED) {
        a[i] = rounded(spec.hidden(), a[i]);
      }
    }
    boolean quantise = spec.operands().scaled() && defect != Defect.HIDDEN_NOT_ROUNDED;
    return product(quantise ? quantised(a) : a, w2, s2, expert);
  }

  private double act(double gate, double up) {
    double limit = spec.activation().limit();
    double g = Math.min(gate, limit);
    double u = Math.clamp(up, -limit, limit);
    return switch (spec.activation().kind()) {
      case SWIGLU -> g / (1 + Math.exp(-g)) * u;
      case SWIGLU_OAI -> g / (1 + Math.exp(-1.702 * g)) * (u + 1);
      case GEGLU_TANH ->
          0.5 * g * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g))) * u;
    };
  }

  private double[] product(double[] x, Tensor weight, @Nullable Tensor scale, long expert) {
    boolean stacked = weight.shape().rank() == 3;
    Tensor matrix = stacked ? weight.slice(0, expert, expert + 1) : weight;
    double[] w = HostTensors.doubles(matrix);
    int rows = (int) weight.dim(-2);
    int columns = (int) weight.dim(-1);
    double[] s =
        scale == null
            ? new double[0]
            : HostTensors.doubles(stacked ? scale.slice(0, expert, expert + 1) : scale);
    int blocks = Math.ceilDiv(columns, 128);
    double[] out = new double[rows];
    for (int n = 0; n < rows; n++) {
      double sum = 0;
      int terms = defect == Defect.LAST_TERM_LOST ? columns - 1 : columns;
      for (int c = 0; c < terms; c++) {
        double factor = 1;
        if (s.length > 0) {
          int block = defect == Defect.NEXT_SCALE ? (c / 128 + 1) % blocks : c / 128;
          factor = s[n / 128 * blocks + block];
        }
        sum += x[c] * w[n * columns + c] * factor;
        if (defect == Defect.BF16_SUMS) {
          sum = Bf16.round((float) sum);
        }
      }
      out[n] = sum;
    }
    return out;
  }

  private static double[] quantised(double[] x) {
    double[] out = new double[x.length];
    for (int from = 0; from < x.length; from += 128) {
      int to = Math.min(x.length, from + 128);
      float amax = 0;
      for (int i = from; i < to; i++) {
        amax = Math.max(amax, Math.abs((float) x[i]));
      }
      float scale = SCALING.scaleFor(amax);
      for (int i = from; i < to; i++) {
        byte code = SCALING.quantize((float) x[i], scale);
        out[i] = DType.E4M3FN.format().decode(code & 0xFF) * scale;
      }
    }
    return out;
  }

  private static double rounded(DType type, double value) {
    return type == DType.BF16 ? Bf16.round((float) value) : value;
  }
}
