package org.touchstone.backends.cpu;

import java.lang.foreign.Arena;
import java.util.Random;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.host.HostTensors;

/** Makes the tensors of attention tests from a seed. */
final class AttentionData {
  final Random random;
  private final Arena arena;

  AttentionData(Arena arena, long seed) {
    this.arena = arena;
    random = new Random(seed);
  }

  /** Returns one of the choices. */
  @SafeVarargs
  final <T> T choose(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** Makes a dense tensor of normal numbers. */
  Tensor normal(DType type, double deviation, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, type, dims);
    fill(tensor, deviation);
    return tensor;
  }

  /** Makes a tensor of normal numbers whose rows lie apart, behind an odd offset. */
  Tensor strided(DType type, double deviation, long... dims) {
    Tensor tensor = stridedEmpty(type, dims);
    fill(tensor, deviation);
    return tensor;
  }

  /** Makes a zeroed tensor whose rows lie apart, behind an odd offset. */
  Tensor stridedEmpty(DType type, long... dims) {
    long[] steps = new long[dims.length];
    long step = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      steps[i] = step;
      step = step * Math.max(1, dims[i]) + 3;
    }
    Tensor memory = HostTensors.allocate(arena, type, step + 5);
    return Tensor.of(
        memory.buffer(), type, Shape.of(dims), Strides.of(steps), type.bits() / 8L, Layout.PLAIN);
  }

  private void fill(Tensor tensor, double deviation) {
    double[] values = new double[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = deviation * random.nextGaussian();
    }
    HostTensors.write(tensor, values, Saturation.NONSAT);
  }

  /** Makes a dense tensor of given numbers. */
  Tensor of(DType type, long[] dims, double... values) {
    return HostTensors.of(arena, type, Shape.of(dims), values);
  }

  /** Makes a dense tensor of integers. */
  Tensor integers(DType type, long... values) {
    Tensor tensor = HostTensors.allocate(arena, type, values.length);
    HostTensors.writeCodes(tensor, values);
    return tensor;
  }

  /** Makes a zeroed dense tensor. */
  Tensor empty(DType type, long... dims) {
    return HostTensors.allocate(arena, type, dims);
  }

  /** Returns sin(i + offset) for i from 1 on. */
  static double[] sine(int count, double offset) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = Math.sin(i + 1 + offset);
    }
    return values;
  }
}
