package org.touchstone.backends.cuda.op;

import org.touchstone.backends.cuda.CudaMemory;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.spi.DeviceMemory;

/** Lays parts of a workspace out one after the other, each aligned to 256 bytes. For one launch. */
final class WorkspacePlan {
  private static final long ALIGNMENT = 256;

  private long bytes;

  /** Creates an empty layout. */
  WorkspacePlan() {}

  /** Adds a part and returns where it starts. */
  long add(long partBytes) {
    long at = bytes;
    bytes += Math.ceilDiv(partBytes, ALIGNMENT) * ALIGNMENT;
    return at;
  }

  /** Returns the size of all parts. */
  long bytes() {
    return bytes;
  }

  /** Returns the address of a part; none when there is no workspace. */
  static DevicePointer part(DeviceMemory workspace, long at) {
    return workspace.bytes() == 0 ? DevicePointer.NULL : CudaMemory.pointer(workspace).plus(at);
  }
}
