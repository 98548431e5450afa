package org.touchstone.conformance.mutants;

import org.touchstone.api.Layout;
import org.touchstone.api.op.Args;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;

/** A kernel that passes everything on. */
interface DelegatingKernel<A extends Args> extends Kernel<A> {
  /** Returns the kernel behind it. */
  Kernel<A> kernel();

  @Override
  default void launch(BackendQueue queue, A args, DeviceMemory workspace) {
    kernel().launch(queue, args, workspace);
  }

  @Override
  default long workspaceBytes(A args) {
    return kernel().workspaceBytes(args);
  }

  @Override
  default Layout preferredLayout(String slot) {
    return kernel().preferredLayout(slot);
  }

  @Override
  default void close() {
    kernel().close();
  }
}
