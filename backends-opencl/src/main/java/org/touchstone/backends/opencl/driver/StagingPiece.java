package org.touchstone.backends.opencl.driver;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HalException;

/**
 * Pinned host memory through which copies go, so that a transfer never touches the caller's memory
 * after the call. Used by one queue at a time.
 */
final class StagingPiece {
  static final int BYTES = 1 << 20;

  private final cl_mem buffer;
  private final ByteBuffer mapped;
  private final MemorySegment segment;
  private @Nullable cl_event lastUse;

  private StagingPiece(cl_mem buffer, ByteBuffer mapped) {
    this.buffer = buffer;
    this.mapped = mapped;
    this.segment = MemorySegment.ofBuffer(mapped);
  }

  static StagingPiece create(OpenClContext context, cl_command_queue queue) {
    cl_mem buffer = context.createBuffer(CL.CL_MEM_READ_WRITE | CL.CL_MEM_ALLOC_HOST_PTR, BYTES);
    int[] status = new int[1];
    ByteBuffer mapped =
        CL.clEnqueueMapBuffer(
            queue,
            buffer,
            CL.CL_TRUE,
            CL.CL_MAP_READ | CL.CL_MAP_WRITE,
            0,
            BYTES,
            0,
            null,
            null,
            status);
    if (status[0] != CL.CL_SUCCESS) {
      OpenClContext.release(buffer);
      throw ClStatus.failure(status[0], "clEnqueueMapBuffer of staging memory", null);
    }
    return new StagingPiece(buffer, mapped);
  }

  MemorySegment segment() {
    return segment;
  }

  Pointer pointer() {
    return Pointer.to(mapped);
  }

  /** Remembers a transfer that still reads the piece. */
  void usedBy(cl_event transfer) {
    ClStatus.check(CL.clRetainEvent(transfer), "clRetainEvent");
    LiveObjects.created(LiveObjects.Kind.EVENT);
    lastUse = transfer;
  }

  /** Waits until no transfer uses the piece. */
  void awaitIdle() {
    cl_event use = lastUse;
    if (use == null) {
      return;
    }
    lastUse = null;
    int status = CL.clWaitForEvents(1, new cl_event[] {use});
    CL.clReleaseEvent(use);
    LiveObjects.released(LiveObjects.Kind.EVENT);
    ClStatus.check(status, "clWaitForEvents of a staged copy");
  }

  void release(cl_command_queue queue) {
    try {
      awaitIdle();
      CL.clEnqueueUnmapMemObject(queue, buffer, mapped, 0, null, null);
    } catch (HalException e) {
      // A lost device has no transfers left to wait for.
      lastUse = null;
    } finally {
      OpenClContext.release(buffer);
    }
  }
}
