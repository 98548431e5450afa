package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;

/**
 * The hidden activations that a device returns on demand, and what the reference expects of them.
 */
final class HiddenTaps {
  private final MoeForwardSpec spec;
  private final int width;
  private final int groups;
  private final Expectations hidden;
  private final Expectations scales;
  private final double @Nullable [] observed;
  private final double @Nullable [] observedScales;

  /** Expected elements of one tap; those of tokens that nobody visits stay unjudged. */
  private static final class Expectations {
    final boolean present;
    final boolean[] judged;
    final double[] value;
    final double[] error;

    Expectations(@Nullable Object tensor, long elements) {
      present = tensor != null;
      int count = present ? Math.toIntExact(elements) : 0;
      judged = new boolean[count];
      value = new double[count];
      error = new double[count];
    }

    void set(int at, double v, double e) {
      judged[at] = true;
      value[at] = v;
      error[at] = e;
    }

    Expected interval(DType type, Saturation saturation) {
      long[] index = new long[judged.length];
      int count = 0;
      for (int i = 0; i < judged.length; i++) {
        if (judged[i]) {
          value[count] = value[i];
          error[count] = error[i];
          index[count++] = i;
        }
      }
      return new Expected.Interval(
          type,
          saturation,
          Arrays.copyOf(index, count),
          Arrays.copyOf(value, count),
          Arrays.copyOf(error, count));
    }
  }

  HiddenTaps(MoeForwardSpec spec, MoeForwardArgs args, boolean judged) {
    this.spec = spec;
    width = Math.toIntExact(spec.intermediate());
    groups = Math.ceilDiv(width, GemmOperands.BLOCK);
    long slots = args.indices().shape().elements();
    hidden = new Expectations(args.hiddenTap(), slots * width);
    scales = new Expectations(args.hiddenScaleTap(), slots * groups);
    observed = judged && args.hiddenTap() != null ? HostTensors.doubles(args.hiddenTap()) : null;
    observedScales =
        judged && args.hiddenScaleTap() != null ? HostTensors.doubles(args.hiddenScaleTap()) : null;
  }

  /** Notes that a slot is skipped. */
  void skip(int token, int slot) {
    int number = token * Math.toIntExact(spec.topK()) + slot;
    zero(hidden, number * width, width);
    zero(scales, number * groups, groups);
  }

  private static void zero(Expectations tap, int from, int count) {
    for (int i = from; tap.present && i < from + count; i++) {
      tap.set(i, 0, 0);
    }
  }

  /**
   * Notes what is expected of one slot; where the device's values are known, they replace the
   * reference's.
   */
  void visit(int token, int slot, ExpertStage.Hidden h) {
    int number = token * Math.toIntExact(spec.topK()) + slot;
    QuantisedVector quantised = h.quantised;
    if (quantised == null) {
      zero(scales, number * groups, groups);
    } else if (scales.present) {
      for (int b = 0; b < groups; b++) {
        double bound = quantised.scaleError[b] + ErrorModel.EPS * quantised.scale[b];
        scales.set(
            number * groups + b, quantised.scale[b], quantised.scaleError[b] == 0 ? 0 : bound);
      }
    }
    if (hidden.present) {
      for (int i = 0; i < width; i++) {
        int at = number * width + i;
        if (quantised != null) {
          hidden.set(at, quantised.quotient[i], quantised.quotientError[i]);
        } else {
          hidden.set(at, h.raw[i], ErrorModel.MARGIN * h.rawError[i]);
        }
      }
    }
    follow(number, h, quantised);
  }

  private void follow(int number, ExpertStage.Hidden h, @Nullable QuantisedVector quantised) {
    double[] codes = observed;
    if (codes == null || (quantised != null && observedScales == null)) {
      return;
    }
    double[] value = Arrays.copyOfRange(codes, number * width, (number + 1) * width);
    if (quantised != null && observedScales != null) {
      for (int i = 0; i < width; i++) {
        value[i] *= observedScales[number * groups + i / GemmOperands.BLOCK];
      }
    }
    h.value = value;
    h.error = new double[width];
  }

  /** Adds the taps that are present. */
  void addTo(Map<String, Expected> outputs) {
    if (hidden.present) {
      Saturation saturation = spec.operands().scaled() ? Saturation.SAT : Saturation.NONSAT;
      outputs.put("hiddenTap", hidden.interval(spec.tapType(), saturation));
    }
    if (scales.present) {
      outputs.put("hiddenScaleTap", scales.interval(DType.F32, Saturation.NONSAT));
    }
  }
}
