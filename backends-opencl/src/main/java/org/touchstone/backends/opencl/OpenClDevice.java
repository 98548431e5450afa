package org.touchstone.backends.opencl;

import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.opencl.driver.OpenClContext;
import org.touchstone.backends.opencl.op.Operators;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** An open OpenCL device. Thread-safe. */
final class OpenClDevice implements BackendDevice {
  private final OpenClContext context;
  private final Operators operators;

  OpenClDevice(OpenClContext context, Tuning tuning) {
    this.context = context;
    this.operators = new Operators(new Target(context, tuning));
  }

  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return operators.plan(spec);
  }

  @Override
  public MemorySource memory() {
    return context.memory();
  }

  @Override
  public BackendQueue openQueue() {
    return context.openQueue();
  }

  @Override
  public void close() {
    context.close();
  }
}
