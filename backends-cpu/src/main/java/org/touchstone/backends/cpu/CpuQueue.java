package org.touchstone.backends.cpu;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;

/**
 * A queue that runs everything in the submitting thread before it returns, so it is always
 * finished.
 */
final class CpuQueue implements BackendQueue {
  @Override
  public void copy(CopyRows rows) {
    MemorySegment src = memory(rows.src());
    MemorySegment dst = memory(rows.dst());
    for (long row = 0; row < rows.rows(); row++) {
      MemorySegment.copy(
          src,
          rows.src().offset() + row * rows.src().pitch(),
          dst,
          rows.dst().offset() + row * rows.dst().pitch(),
          rows.rowBytes());
    }
  }

  private static MemorySegment memory(CopyRows.End end) {
    if (end.host() != null) {
      return end.host();
    }
    if (end.memory() != null && end.memory().host().isPresent()) {
      return end.memory().host().get();
    }
    throw new HalException(
        ErrorCode.WRONG_DEVICE, "a copy on a cpu device needs host memory at both ends");
  }

  @Override
  public BackendEvent record() {
    return BackendEvent.DONE;
  }

  @Override
  public void await(BackendEvent event) {
    event.await();
  }

  @Override
  public void close() {}
}
