package org.touchstone.backends.cpu.simd;

import java.util.function.LongConsumer;
import org.touchstone.api.Layout;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Args;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.spi.Plan;

/**
 * What operators of a device share.
 *
 * @param threads run parallel loops
 * @param kernels do the arithmetic
 */
record Engine(CpuThreads threads, MicroKernels kernels) {
  /** Runs a parallel loop, see {@link CpuThreads#forEach}. */
  void forEach(long tasks, long costPerTask, LongConsumer body) {
    threads.forEach(tasks, costPerTask, body);
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
