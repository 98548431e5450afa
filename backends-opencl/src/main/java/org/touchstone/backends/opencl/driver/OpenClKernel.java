package org.touchstone.backends.opencl.driver;

import java.util.List;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_program;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendQueue;

/**
 * A kernel function of a program. Thread-safe: arguments belong to the driver's kernel object, so
 * one launch at a time sets them and enqueues.
 */
public final class OpenClKernel implements AutoCloseable {
  private final OpenClContext context;
  private final cl_kernel kernel;
  private final String function;

  private OpenClKernel(OpenClContext context, cl_kernel kernel, String function) {
    this.context = context;
    this.kernel = kernel;
    this.function = function;
  }

  static OpenClKernel create(OpenClContext context, cl_program program, String function) {
    int[] status = new int[1];
    cl_kernel kernel = CL.clCreateKernel(program, function, status);
    ClStatus.check(status[0], "clCreateKernel", function);
    LiveObjects.created(LiveObjects.Kind.KERNEL);
    return new OpenClKernel(context, kernel, function);
  }

  /** Starts a launch. */
  public Launch launch() {
    return new Launch(this);
  }

  /** One argument as the driver takes it. */
  record Argument(long bytes, Pointer value) {}

  cl_mem nothing() {
    return context.nothing();
  }

  synchronized void enqueue(
      BackendQueue queue, List<Argument> arguments, long[] global, long[] local) {
    if (!(queue instanceof OpenClQueue own)) {
      throw new HalException(ErrorCode.WRONG_DEVICE, "the queue is not one of " + context.uri());
    }
    for (int i = 0; i < arguments.size(); i++) {
      Argument argument = arguments.get(i);
      int status = CL.clSetKernelArg(kernel, i, argument.bytes(), argument.value());
      if (status != CL.CL_SUCCESS) {
        throw ClStatus.failure(
            status,
            "clSetKernelArg " + i + " (" + argument.bytes() + " bytes) of " + function,
            null);
      }
    }
    cl_event event = own.event();
    int status =
        CL.clEnqueueNDRangeKernel(
            own.handle(), kernel, global.length, null, global, local, 0, null, event);
    if (status != CL.CL_SUCCESS) {
      throw ClStatus.failure(
          status,
          "clEnqueueNDRangeKernel of "
              + function
              + " over "
              + java.util.Arrays.toString(global)
              + " work-items in groups of "
              + java.util.Arrays.toString(local),
          null);
    }
    own.enqueued(event);
  }

  @Override
  public void close() {
    CL.clReleaseKernel(kernel);
    LiveObjects.released(LiveObjects.Kind.KERNEL);
  }
}
