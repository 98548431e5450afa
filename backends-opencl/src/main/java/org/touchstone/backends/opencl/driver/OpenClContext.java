package org.touchstone.backends.opencl.driver;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_mem;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/**
 * An open device: a context, its programs, and staging memory that its queues share. Thread-safe.
 */
public final class OpenClContext implements AutoCloseable {
  /** Staging buffers that are kept for the next queue. */
  private static final int KEPT_PIECES = 4;

  private static final int NOTHING_BYTES = 64;

  private final FoundDevice found;
  private final cl_context context;
  private final cl_mem nothing;
  private final OpenClMemorySource memory;
  private final Programs programs;
  private final Deque<StagingPiece> pieces = new ArrayDeque<>();

  private OpenClContext(FoundDevice found, cl_context context, BackendContext services) {
    this.found = found;
    this.context = context;
    this.memory = new OpenClMemorySource(this);
    this.programs = new Programs(this, services);
    this.nothing = createBuffer(CL.CL_MEM_READ_WRITE, NOTHING_BYTES);
  }

  /**
   * Opens a device.
   *
   * @throws HalException when the driver refuses
   */
  public static OpenClContext open(FoundDevice found, BackendContext services) {
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, found.platform());
    int[] status = new int[1];
    cl_context context =
        CL.clCreateContext(properties, 1, new cl_device_id[] {found.device()}, null, null, status);
    ClStatus.check(status[0], "clCreateContext", found.uri());
    LiveObjects.created(LiveObjects.Kind.CONTEXT);
    try {
      return new OpenClContext(found, context, services);
    } catch (HalException e) {
      release(context);
      throw e;
    }
  }

  private static void release(cl_context context) {
    CL.clReleaseContext(context);
    LiveObjects.released(LiveObjects.Kind.CONTEXT);
  }

  /** Returns what the driver says of the device. */
  public DeviceFacts facts() {
    return found.facts();
  }

  /** Returns the device's name. */
  public String uri() {
    return found.uri();
  }

  /** Returns where buffers come from. */
  public MemorySource memory() {
    return memory;
  }

  /** Returns the programs of the device. */
  public Programs programs() {
    return programs;
  }

  /** Opens an in-order queue. */
  public BackendQueue openQueue() {
    return new OpenClQueue(this);
  }

  cl_context handle() {
    return context;
  }

  cl_device_id device() {
    return found.device();
  }

  /** Returns memory that stands for an absent tensor, because some drivers refuse none. */
  cl_mem nothing() {
    return nothing;
  }

  /** Creates memory that holds numbers which a kernel reads; its owner closes it. */
  public DeviceMemory constants(long[] values) {
    long bytes = (long) Sizeof.cl_long * values.length;
    int[] status = new int[1];
    cl_mem buffer =
        CL.clCreateBuffer(
            context,
            CL.CL_MEM_READ_ONLY | CL.CL_MEM_COPY_HOST_PTR,
            bytes,
            Pointer.to(values),
            status);
    ClStatus.check(status[0], "clCreateBuffer", bytes + " bytes of constants");
    LiveObjects.created(LiveObjects.Kind.MEMORY);
    return OpenClMemory.whole(buffer, bytes);
  }

  cl_mem createBuffer(long flags, long bytes) {
    int[] status = new int[1];
    cl_mem buffer = CL.clCreateBuffer(context, flags, bytes, null, status);
    ClStatus.check(status[0], "clCreateBuffer", bytes + " bytes");
    LiveObjects.created(LiveObjects.Kind.MEMORY);
    return buffer;
  }

  static void release(cl_mem buffer) {
    CL.clReleaseMemObject(buffer);
    LiveObjects.released(LiveObjects.Kind.MEMORY);
  }

  @SuppressWarnings("deprecation") // its successor came with OpenCL 2.0
  cl_command_queue createQueue() {
    int[] status = new int[1];
    cl_command_queue queue =
        CL.clCreateCommandQueue(context, device(), CL.CL_QUEUE_PROFILING_ENABLE, status);
    ClStatus.check(status[0], "clCreateCommandQueue");
    LiveObjects.created(LiveObjects.Kind.QUEUE);
    return queue;
  }

  static void release(cl_command_queue queue) {
    CL.clReleaseCommandQueue(queue);
    LiveObjects.released(LiveObjects.Kind.QUEUE);
  }

  /** Lends a staging buffer; {@link #giveBack} takes it again when nothing uses it. */
  StagingPiece borrowPiece(cl_command_queue queue) {
    synchronized (pieces) {
      StagingPiece kept = pieces.poll();
      if (kept != null) {
        return kept;
      }
    }
    return StagingPiece.create(this, queue);
  }

  void giveBack(StagingPiece piece, cl_command_queue queue) {
    synchronized (pieces) {
      if (pieces.size() < KEPT_PIECES) {
        pieces.push(piece);
        return;
      }
    }
    piece.release(queue);
  }

  @Override
  public void close() {
    programs.close();
    synchronized (pieces) {
      if (!pieces.isEmpty()) {
        cl_command_queue queue = createQueue();
        try {
          pieces.forEach(piece -> piece.release(queue));
          pieces.clear();
          CL.clFinish(queue);
        } finally {
          release(queue);
        }
      }
    }
    release(nothing);
    release(context);
  }
}
