package org.touchstone.backends.opencl.op;

import java.util.Objects;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.SampleArgs;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Draws a token per work-group; the workspace holds the weights. */
final class SampleOperator extends OpenClOperator<SampleArgs> {
  /** More would be finer than the weights, which are FP32 numbers up to 1. */
  private static final int MOST_FRACTION_BITS = 44;

  /** Bytes of weights that one launch may have; long prompts do not need them at once. */
  private static final long MOST_WORKSPACE = 64L << 20;

  private final SampleSpec spec;
  private final Target target;

  private SampleOperator(SampleSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<SampleArgs> plan(SampleSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        traits(target),
        () ->
            new SampleOperator(
                spec,
                target,
                target.kernel("sample.cl", spec.random() ? "sample" : "sample_largest")));
  }

  /** Probabilities are added up in integers: no term passes through more than one rounding. */
  private static KernelTraits traits(Target target) {
    return target.traits().with(Chain.lanes(Long.MAX_VALUE, 0));
  }

  @Override
  public void launch(BackendQueue queue, SampleArgs args, DeviceMemory workspace) {
    if (args.ids().dim(0) == 0) {
      return;
    }
    if (!spec.random()) {
      kernel()
          .launch()
          .rows(args.logits())
          .tensor(args.ids())
          .i32(Math.toIntExact(spec.vocabulary()))
          .run(queue, args.ids().dim(0), target.rowGroup());
      return;
    }
    long step = args.logits().strides().step(0);
    long atOnce = rowsAtOnce(args);
    for (long row = 0; row < args.ids().dim(0); row += atOnce) {
      long rows = Math.min(atOnce, args.ids().dim(0) - row);
      kernel()
          .launch()
          .tensor(args.logits(), row * step * Float.BYTES)
          .i64(step)
          .tensor(Objects.requireNonNull(args.uniform()), row * Float.BYTES)
          .tensor(args.ids(), row * Integer.BYTES)
          .memory(workspace, 0)
          .i32(Math.toIntExact(spec.vocabulary()))
          .f32(spec.temperature())
          .i32((int) Math.min(spec.topK(), spec.vocabulary()))
          .f32(spec.topP())
          .f32(spec.minP())
          .i32(fractionBits())
          .run(queue, rows, target.rowGroup());
    }
  }

  /** Returns the rows of one launch; the next one uses the same workspace after it. */
  private long rowsAtOnce(SampleArgs args) {
    long most = Math.max(1, MOST_WORKSPACE / (spec.vocabulary() * Float.BYTES));
    return Math.min(args.ids().dim(0), most);
  }

  /** Returns the bits behind the point of a probability, such that a row's sum fits into 63. */
  private int fractionBits() {
    int countBits = Long.SIZE - Long.numberOfLeadingZeros(spec.vocabulary());
    return Math.min(MOST_FRACTION_BITS, Long.SIZE - 2 - countBits);
  }

  @Override
  public long workspaceBytes(SampleArgs args) {
    return spec.random() ? rowsAtOnce(args) * spec.vocabulary() * Float.BYTES : 0;
  }
}
