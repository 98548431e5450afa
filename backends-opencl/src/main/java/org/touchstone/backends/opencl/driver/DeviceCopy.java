package org.touchstone.backends.opencl.driver;

import org.jocl.CL;
import org.jocl.cl_event;
import org.touchstone.backends.spi.CopyRows;

/** Copies rows within a device. */
final class DeviceCopy {
  private final OpenClQueue queue;

  DeviceCopy(OpenClQueue queue) {
    this.queue = queue;
  }

  void copy(OpenClMemory from, OpenClMemory to, CopyRows rows) {
    long src = from.offset() + rows.src().offset();
    long dst = to.offset() + rows.dst().offset();
    boolean touching =
        rows.rows() == 1
            || (rows.src().pitch() == rows.rowBytes() && rows.dst().pitch() == rows.rowBytes());
    if (touching) {
      block(from, src, to, dst, rows.rowBytes() * rows.rows());
    } else if (from.buffer().equals(to.buffer())) {
      // The check for overlap of a rectangle looks at the whole range, where rows may interleave.
      for (long row = 0; row < rows.rows(); row++) {
        block(
            from,
            src + row * rows.src().pitch(),
            to,
            dst + row * rows.dst().pitch(),
            rows.rowBytes());
      }
    } else {
      cl_event event = queue.event();
      ClStatus.check(
          CL.clEnqueueCopyBufferRect(
              queue.handle(),
              from.buffer(),
              to.buffer(),
              new long[] {src, 0, 0},
              new long[] {dst, 0, 0},
              new long[] {rows.rowBytes(), rows.rows(), 1},
              rows.src().pitch(),
              0,
              rows.dst().pitch(),
              0,
              0,
              null,
              event),
          "clEnqueueCopyBufferRect");
      queue.enqueued(event);
    }
  }

  private void block(OpenClMemory from, long src, OpenClMemory to, long dst, long bytes) {
    cl_event event = queue.event();
    ClStatus.check(
        CL.clEnqueueCopyBuffer(
            queue.handle(), from.buffer(), to.buffer(), src, dst, bytes, 0, null, event),
        "clEnqueueCopyBuffer");
    queue.enqueued(event);
  }
}
