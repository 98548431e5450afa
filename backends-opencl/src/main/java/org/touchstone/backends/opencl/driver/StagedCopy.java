package org.touchstone.backends.opencl.driver;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CL;
import org.jocl.cl_event;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;

/**
 * Copies rows between host and device through two pieces of pinned memory, and on the device
 * directly. What goes to the device is taken before the call returns; what comes from it has
 * arrived when the call returns.
 */
final class StagedCopy {
  private static final int PIECES = 2;

  private final OpenClContext context;
  private final OpenClQueue queue;
  private final boolean blocking;
  private final List<StagingPiece> pieces = new ArrayList<>();
  private int next;

  StagedCopy(OpenClContext context, OpenClQueue queue) {
    this.context = context;
    this.queue = queue;
    // JOCL waits for other writes on a thread of its own, which Oclgrind does not survive.
    this.blocking = Oclgrind.runs(context.facts());
  }

  /** Rows of one length; the pitch is the length where they touch each other. */
  private record Rows(long rowBytes, long rows) {}

  void copy(CopyRows copy) {
    MemorySegment from = copy.src().host();
    MemorySegment to = copy.dst().host();
    if (from == null && to == null) {
      new DeviceCopy(queue).copy(memory(copy.src()), memory(copy.dst()), copy);
      return;
    }
    boolean touching =
        copy.rows() == 1
            || (copy.src().pitch() == copy.rowBytes() && copy.dst().pitch() == copy.rowBytes());
    Rows rows =
        touching
            ? new Rows(copy.rowBytes() * copy.rows(), 1)
            : new Rows(copy.rowBytes(), copy.rows());
    long perPiece = Math.max(1, StagingPiece.BYTES / rows.rowBytes());
    for (long row = 0; row < rows.rows(); row += perPiece) {
      long count = Math.min(perPiece, rows.rows() - row);
      for (long byteInRow = 0; byteInRow < rows.rowBytes(); byteInRow += StagingPiece.BYTES) {
        Rows part = new Rows(Math.min(StagingPiece.BYTES, rows.rowBytes() - byteInRow), count);
        long srcOffset = copy.src().offset() + row * copy.src().pitch() + byteInRow;
        long dstOffset = copy.dst().offset() + row * copy.dst().pitch() + byteInRow;
        if (from != null) {
          write(
              from,
              srcOffset,
              copy.src().pitch(),
              memory(copy.dst()),
              dstOffset,
              copy.dst().pitch(),
              part);
        } else if (to != null) {
          read(
              memory(copy.src()),
              srcOffset,
              copy.src().pitch(),
              to,
              dstOffset,
              copy.dst().pitch(),
              part);
        }
      }
    }
  }

  private static OpenClMemory memory(CopyRows.End end) {
    DeviceMemory memory = end.memory();
    if (memory instanceof OpenClMemory own) {
      return own;
    }
    throw new HalException(
        ErrorCode.WRONG_DEVICE,
        "a copy end is "
            + (memory == null ? "nothing" : memory.getClass().getSimpleName())
            + ", expected memory of an OpenCL device");
  }

  private StagingPiece piece() {
    if (pieces.size() < PIECES) {
      pieces.add(context.borrowPiece(queue.handle()));
      next = pieces.size() - 1;
    } else {
      next = (next + 1) % PIECES;
    }
    StagingPiece piece = pieces.get(next);
    piece.awaitIdle();
    return piece;
  }

  private void write(
      MemorySegment from,
      long fromOffset,
      long fromPitch,
      OpenClMemory to,
      long toOffset,
      long toPitch,
      Rows rows) {
    StagingPiece piece = piece();
    for (long row = 0; row < rows.rows(); row++) {
      MemorySegment.copy(
          from,
          fromOffset + row * fromPitch,
          piece.segment(),
          row * rows.rowBytes(),
          rows.rowBytes());
    }
    cl_event event = queue.event();
    long start = to.offset() + toOffset;
    boolean dense = rows.rows() == 1 || toPitch == rows.rowBytes();
    int status =
        dense
            ? CL.clEnqueueWriteBuffer(
                queue.handle(),
                to.buffer(),
                blocking,
                start,
                rows.rowBytes() * rows.rows(),
                piece.pointer(),
                0,
                null,
                event)
            : CL.clEnqueueWriteBufferRect(
                queue.handle(),
                to.buffer(),
                blocking,
                new long[] {start, 0, 0},
                new long[3],
                new long[] {rows.rowBytes(), rows.rows(), 1},
                toPitch,
                0,
                rows.rowBytes(),
                0,
                piece.pointer(),
                0,
                null,
                event);
    ClStatus.check(status, dense ? "clEnqueueWriteBuffer" : "clEnqueueWriteBufferRect");
    queue.enqueued(event);
    piece.usedBy(event);
  }

  private void read(
      OpenClMemory from,
      long fromOffset,
      long fromPitch,
      MemorySegment to,
      long toOffset,
      long toPitch,
      Rows rows) {
    StagingPiece piece = piece();
    cl_event event = queue.event();
    long start = from.offset() + fromOffset;
    boolean dense = rows.rows() == 1 || fromPitch == rows.rowBytes();
    int status =
        dense
            ? CL.clEnqueueReadBuffer(
                queue.handle(),
                from.buffer(),
                CL.CL_TRUE,
                start,
                rows.rowBytes() * rows.rows(),
                piece.pointer(),
                0,
                null,
                event)
            : CL.clEnqueueReadBufferRect(
                queue.handle(),
                from.buffer(),
                CL.CL_TRUE,
                new long[] {start, 0, 0},
                new long[3],
                new long[] {rows.rowBytes(), rows.rows(), 1},
                fromPitch,
                0,
                rows.rowBytes(),
                0,
                piece.pointer(),
                0,
                null,
                event);
    ClStatus.check(status, dense ? "clEnqueueReadBuffer" : "clEnqueueReadBufferRect");
    queue.enqueued(event);
    for (long row = 0; row < rows.rows(); row++) {
      MemorySegment.copy(
          piece.segment(), row * rows.rowBytes(), to, toOffset + row * toPitch, rows.rowBytes());
    }
  }

  /** Gives the pieces back; the queue is finished. */
  void close() {
    for (StagingPiece piece : pieces) {
      try {
        piece.awaitIdle();
        context.giveBack(piece, queue.handle());
      } catch (HalException e) {
        // Its transfer failed, which the completion has told; the piece may still be in use.
        piece.release(queue.handle());
      }
    }
    pieces.clear();
  }
}
