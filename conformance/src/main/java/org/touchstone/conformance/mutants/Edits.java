package org.touchstone.conformance.mutants;

import java.util.function.LongUnaryOperator;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.host.HostTensors;

/** Changes to inputs before, and to outputs after a launch, that many defects share. */
final class Edits {
  private Edits() {}

  /** Computes a new code from an element's number and the codes of the whole tensor. */
  interface Recode {
    long code(int element, long[] all);
  }

  /** Runs with a changed copy of an input; runs unchanged where the slot is absent. */
  static Defect input(String slot, Recode change) {
    return shot -> {
      if (shot.has(slot)) {
        Tensor copy = shot.copy(slot);
        recode(copy, change);
        shot.replace(slot, copy);
      }
      shot.run();
    };
  }

  /** Runs, then changes an output. */
  static Defect output(String slot, Recode change) {
    return shot -> {
      shot.run();
      if (shot.has(slot)) {
        recode(shot.tensor(slot), change);
      }
    };
  }

  /** Rewrites a tensor. */
  static void recode(Tensor tensor, Recode change) {
    long[] old = HostTensors.codes(tensor);
    long[] codes = new long[old.length];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = change.code(i, old);
    }
    HostTensors.writeCodes(tensor, codes);
  }

  /** Runs with an input of zeros. */
  static Defect zeroInput(String slot) {
    return input(slot, (i, all) -> 0);
  }

  /** Runs with an input whose elements are moved by one along a dimension, cyclically. */
  static Defect rolledInput(String slot, int dimension) {
    return shot -> {
      if (shot.has(slot)) {
        Tensor copy = shot.copy(slot);
        roll(copy, dimension);
        shot.replace(slot, copy);
      }
      shot.run();
    };
  }

  /** Moves elements by one along a dimension, cyclically. */
  static void roll(Tensor tensor, int dimension) {
    int d = dimension < 0 ? tensor.shape().rank() + dimension : dimension;
    long inner = 1;
    for (int i = d + 1; i < tensor.shape().rank(); i++) {
      inner *= tensor.dim(i);
    }
    long extent = tensor.dim(d);
    long step = inner;
    recode(
        tensor,
        (i, all) -> {
          long index = i / step % extent;
          long other = (index + 1) % extent;
          return all[(int) (i + (other - index) * step)];
        });
  }

  /** Rewrites the values of a tensor, rounded to nearest. */
  static void values(Tensor tensor, java.util.function.DoubleUnaryOperator change) {
    double[] values = HostTensors.doubles(tensor);
    for (int i = 0; i < values.length; i++) {
      values[i] = change.applyAsDouble(values[i]);
    }
    HostTensors.write(tensor, values, Saturation.NONSAT);
  }

  /** Replaces subnormal codes by zero. */
  static LongUnaryOperator flush(FloatFormat format) {
    return code -> {
      double value = format.decode((int) code);
      return value != 0 && Math.abs(value) < format.minNormal() ? 0 : code;
    };
  }

  /** Rounds a value towards zero. */
  static double truncate(FloatFormat format, double value) {
    if (!Double.isFinite(value) || format.isRepresentable(value)) {
      return value;
    }
    return value > 0 ? format.nextDown(value) : format.nextUp(value);
  }
}
