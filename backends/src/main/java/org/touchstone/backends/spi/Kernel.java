package org.touchstone.backends.spi;

import org.touchstone.api.Layout;
import org.touchstone.api.op.Args;

/**
 * A compiled kernel. Immutable and thread-safe.
 *
 * @param <A> the operator's arguments
 */
@FunctionalInterface
public interface Kernel<A extends Args> {
  /**
   * Enqueues the kernel, or runs it before returning. Arguments are valid and belong to the queue's
   * device. Allocates nothing proportional to the data.
   *
   * @param workspace at least {@link #workspaceBytes} bytes of the device's memory, undefined
   *     content, valid until the queue runs the next kernel; memory of no particular type when no
   *     workspace is needed
   */
  void launch(BackendQueue queue, A args, DeviceMemory workspace);

  /** Returns the scratch memory that a launch needs, in bytes. */
  default long workspaceBytes(A args) {
    return 0;
  }

  /** Returns the layout in which the kernel family reads a slot fastest. */
  default Layout preferredLayout(String slot) {
    return Layout.PLAIN;
  }

  /** Releases what was compiled. */
  default void close() {}
}
