package org.touchstone.backends.cpu.simd;

import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.touchstone.api.Layout;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * What operators of a device share.
 *
 * @param threads run parallel loops
 * @param kernels do the arithmetic
 */
record Engine(CpuThreads threads, MicroKernels kernels) {
  /**
   * Tasks that a thread should get at least, where that is possible, so that threads end together.
   */
  private static final int TASKS_PER_THREAD = 16;

  /** Returns how many tasks a parallel loop should have at least. */
  long tasks() {
    return (long) TASKS_PER_THREAD * threads.count();
  }

  /** Runs a parallel loop, see {@link CpuThreads#forEach}. */
  void forEach(long tasks, long costPerTask, LongConsumer body) {
    threads.forEach(tasks, costPerTask, body);
  }

  /** Plans a product of the micro-kernels, where they read the layout of its weight. */
  <A extends Args> Plan<A> product(
      String family, GemmOperands operands, Layout layout, Supplier<Kernel<A>> kernel) {
    return kernels.reads(layout, operands.dtype())
        ? Plan.runs(family + kernels.name(), kernels.productTraits(operands), kernel.get())
        : refuses(layout, operands.dtype());
  }

  /** Returns the layout that a product likes in a slot: b is its weight. */
  Layout preferredWeights(String slot, GemmOperands operands) {
    return slot.equals("b") ? kernels.preferredWeights(operands.dtype()) : Layout.PLAIN;
  }

  /** Refuses a weight layout that the kernels do not read. */
  <A extends Args> Plan<A> refuses(Layout layout, DType dtype) {
    return Plan.refuses(
        ReasonCode.LAYOUT,
        kernels.name()
            + " kernels read weights of "
            + dtype
            + " as "
            + kernels.preferredWeights(dtype)
            + " or plain, not as "
            + layout);
  }
}
