package org.touchstone.backends.opencl.op;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Ulps;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/**
 * Computes angles in turns, as integers of 64 bits that wrap: exact for every position without
 * FP64.
 */
final class RopeFreqsOperator extends OpenClOperator<RopeFreqsArgs> {
  /** 1 / (2 pi). */
  private static final BigDecimal TURNS_PER_RADIAN =
      new BigDecimal("0.15915494309189533576888376337251436203445964574045644874766734406");

  private static final int FRACTION_BITS = 64;

  /** Error of the kernel's own sine and cosine, the angle's rounding included. */
  private static final double TRIG_ULPS = 2;

  private final RopeFreqsSpec spec;
  private final Target target;
  private final DeviceMemory turns;

  private RopeFreqsOperator(
      RopeFreqsSpec spec, Target target, OpenClKernel kernel, DeviceMemory turns) {
    super(kernel);
    this.spec = spec;
    this.target = target;
    this.turns = turns;
  }

  static Plan<RopeFreqsArgs> plan(RopeFreqsSpec spec, Target target) {
    KernelTraits traits = target.traits();
    Ulps ulps = traits.ulps();
    Ulps own = new Ulps(ulps.exp(), ulps.rsqrt(), ulps.div(), ulps.log(), TRIG_ULPS);
    return new Plan.Runs<>(
        target.kernelName(spec.op()), traits.with(own), () -> build(spec, target));
  }

  private static RopeFreqsOperator build(RopeFreqsSpec spec, Target target) {
    double[] frequencies = spec.frequencies();
    long[] turns = new long[frequencies.length];
    for (int i = 0; i < turns.length; i++) {
      turns[i] = turns(frequencies[i]);
    }
    OpenClKernel kernel = target.kernel("rope.cl", "rope_freqs");
    try {
      return new RopeFreqsOperator(spec, target, kernel, target.constants(turns));
    } catch (RuntimeException e) {
      kernel.close();
      throw e;
    }
  }

  /** Returns the fraction of a turn that one position adds, in units of 2^-64. */
  private static long turns(double frequency) {
    BigDecimal units =
        new BigDecimal(frequency)
            .multiply(TURNS_PER_RADIAN)
            .multiply(new BigDecimal(BigInteger.ONE.shiftLeft(FRACTION_BITS)));
    // Whole turns fall off at the upper end.
    return units.setScale(0, RoundingMode.HALF_EVEN).toBigInteger().longValue();
  }

  @Override
  public void launch(BackendQueue queue, RopeFreqsArgs args, DeviceMemory workspace) {
    if (args.positions().dim(0) == 0) {
      return;
    }
    kernel()
        .launch()
        .tensor(args.positions())
        .rows(args.cos())
        .rows(args.sin())
        .memory(turns, 0)
        .f32((float) spec.attentionFactor())
        .i32(Math.toIntExact(spec.rotaryDim() / 2))
        .run(queue, args.positions().dim(0), target.rowGroup());
  }

  @Override
  public void close() {
    turns.close();
    super.close();
  }
}
