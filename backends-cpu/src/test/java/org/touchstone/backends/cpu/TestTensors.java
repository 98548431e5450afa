package org.touchstone.backends.cpu;

import java.lang.foreign.Arena;
import java.util.Random;
import org.touchstone.api.Buffer;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.host.HostTensors;

/** Host tensors of one test, freed together; random ones follow a seed. */
public final class TestTensors implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final Random random;

  /** Starts with a seed. */
  public TestTensors(long seed) {
    random = new Random(seed);
  }

  /** Returns a zeroed tensor. */
  public Tensor empty(DType dtype, long... dims) {
    return HostTensors.allocate(arena, dtype, dims);
  }

  /** Returns a tensor of given values. */
  public Tensor of(DType dtype, double[] values, long... dims) {
    return HostTensors.of(arena, dtype, Shape.of(dims), values);
  }

  /** Returns a tensor of integers. */
  public Tensor integers(DType dtype, long[] values, long... dims) {
    Tensor tensor = empty(dtype, dims);
    HostTensors.writeCodes(tensor, values);
    return tensor;
  }

  /** Returns normal numbers of standard deviation 1. */
  public Tensor normal(DType dtype, long... dims) {
    return wide(dtype, 1, dims);
  }

  /** Returns normal numbers of another standard deviation. */
  public Tensor wide(DType dtype, double deviation, long... dims) {
    double[] values = new double[Math.toIntExact(Shape.of(dims).elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = deviation * random.nextGaussian();
    }
    return of(dtype, values, dims);
  }

  /** Returns numbers from 0 (inclusive) to 1 (exclusive). */
  public Tensor uniform(long... dims) {
    double[] values = new double[Math.toIntExact(Shape.of(dims).elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return of(DType.F32, values, dims);
  }

  /** Returns a copy whose rows lie apart from each other in a larger buffer, one element in. */
  public Tensor spread(Tensor dense) {
    long[] dims = dense.shape().dims();
    long[] steps = new long[dims.length];
    long step = 1;
    for (int d = dims.length - 1; d >= 0; d--) {
      steps[d] = step;
      step = step * Math.max(1, dims[d]) + 3;
    }
    long bytes = dense.dtype().bits() / 8;
    Tensor spread =
        Tensor.of(
            Buffer.ofHost(arena.allocate((step + 8) * bytes, 64)),
            dense.dtype(),
            dense.shape(),
            Strides.of(steps),
            bytes,
            Layout.PLAIN);
    HostTensors.writeCodes(spread, HostTensors.codes(dense));
    return spread;
  }

  @Override
  public void close() {
    arena.close();
  }
}
