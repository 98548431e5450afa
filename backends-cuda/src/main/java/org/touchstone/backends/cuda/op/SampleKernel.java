package org.touchstone.backends.cuda.op;

import org.touchstone.api.Accumulator;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.SampleArgs;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.CudaMemory;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code sample}: one block of threads per row. */
final class SampleKernel implements Kernel<SampleArgs> {
  private static final int THREADS = 256;

  /** Weights are counted in units of 2^-44 in 63 bits. */
  private static final long LARGEST_VOCABULARY = 1 << 19;

  private final SampleSpec spec;
  private final CudaFunction kernel;

  private SampleKernel(SampleSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("sample", spec.random() ? "ts_sample" : "ts_sample_argmax");
  }

  static Plan<SampleArgs> plan(SampleSpec spec, CudaContext context) {
    if (spec.vocabulary() > LARGEST_VOCABULARY) {
      return Plan.refuses(
          ReasonCode.PARAMETER,
          "vocabulary is " + spec.vocabulary() + ", the kernel takes up to " + LARGEST_VOCABULARY);
    }
    // Sums of weights are exact integers, finer than what FP64 would keep of them.
    KernelTraits traits = Launches.traits(context).with(Accumulator.F64);
    return new Plan.Runs<>(
        spec.random() ? "sample.bisect" : "sample.argmax",
        traits,
        () -> new SampleKernel(spec, context));
  }

  @Override
  public long workspaceBytes(SampleArgs args) {
    return spec.random() ? args.ids().dim(0) * spec.vocabulary() * Float.BYTES : 0;
  }

  @Override
  public void launch(BackendQueue queue, SampleArgs args, DeviceMemory workspace) {
    KernelParams params = new KernelParams().pointer(Launches.pointer(args.logits()));
    if (spec.random()) {
      params
          .pointer(Launches.pointer(args.uniform()))
          .pointer(Launches.pointer(args.ids()))
          .pointer(CudaMemory.pointer(workspace))
          .i64(spec.vocabulary())
          .i64(Launches.step(args.logits(), 0))
          .i64(spec.topK())
          .f32(spec.temperature())
          .f32(spec.topP())
          .f32(spec.minP());
    } else {
      params
          .pointer(Launches.pointer(args.ids()))
          .i64(spec.vocabulary())
          .i64(Launches.step(args.logits(), 0));
    }
    Launches.rows(queue, kernel, args.ids().dim(0), THREADS, 0, params);
  }
}
