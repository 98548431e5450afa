package org.touchstone.backends.cuda.op;

import org.touchstone.api.Ulps;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.backends.cuda.CudaConstants;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code rope_freqs}: one thread per angle, in FP64. */
final class RopeFreqsKernel implements Kernel<RopeFreqsArgs> {
  /** FP64 inside: sine and cosine are rounded once. */
  private static final Ulps ULPS = new Ulps(2, 1, 0.5, 2, 1);

  private final RopeFreqsSpec spec;
  private final CudaFunction kernel;
  private final CudaConstants frequencies;

  private RopeFreqsKernel(RopeFreqsSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("rope_freqs", "ts_rope_freqs");
    frequencies = CudaConstants.of(context, spec.frequencies());
  }

  static Plan<RopeFreqsArgs> plan(RopeFreqsSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "rope_freqs.elements",
        Launches.traits(context).with(ULPS),
        () -> new RopeFreqsKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, RopeFreqsArgs args, DeviceMemory workspace) {
    long rows = args.positions().dim(0);
    long pairs = spec.rotaryDim() / 2;
    Launches.tasks(
        queue,
        kernel,
        rows * pairs,
        new KernelParams()
            .pointer(Launches.pointer(args.positions()))
            .pointer(frequencies.pointer())
            .pointer(Launches.pointer(args.cos()))
            .pointer(Launches.pointer(args.sin()))
            .i64(rows)
            .i64(pairs)
            .i64(Launches.step(args.cos(), 0))
            .i64(Launches.step(args.sin(), 0))
            .i64(Double.doubleToRawLongBits(spec.attentionFactor())));
  }

  @Override
  public void close() {
    frequencies.close();
  }
}
