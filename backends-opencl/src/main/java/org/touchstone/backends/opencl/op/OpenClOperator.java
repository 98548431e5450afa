package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.Args;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.Kernel;

/** An operator that is one kernel function; most are. */
abstract class OpenClOperator<A extends Args> implements Kernel<A> {
  private final OpenClKernel kernel;

  OpenClOperator(OpenClKernel kernel) {
    this.kernel = kernel;
  }

  final OpenClKernel kernel() {
    return kernel;
  }

  @Override
  public void close() {
    kernel.close();
  }
}
