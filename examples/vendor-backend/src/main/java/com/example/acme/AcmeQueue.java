package com.example.acme;

import java.lang.foreign.MemorySegment;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;

/** Does everything at once, in order. */
final class AcmeQueue implements BackendQueue {
  @Override
  public void copy(CopyRows rows) {
    for (long row = 0; row < rows.rows(); row++) {
      MemorySegment.copy(
          segment(rows.src()),
          rows.src().offset() + row * rows.src().pitch(),
          segment(rows.dst()),
          rows.dst().offset() + row * rows.dst().pitch(),
          rows.rowBytes());
    }
  }

  private static MemorySegment segment(CopyRows.End end) {
    return end.memory() instanceof AcmeMemory memory ? memory.segment() : end.host();
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
