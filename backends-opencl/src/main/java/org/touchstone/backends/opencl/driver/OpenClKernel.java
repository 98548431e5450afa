package org.touchstone.backends.opencl.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_program;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.KernelInspector;

/**
 * A kernel function of a program. Thread-safe: arguments belong to the driver's kernel object, so
 * one launch at a time sets them and enqueues.
 */
public final class OpenClKernel implements AutoCloseable {
  private final OpenClContext context;
  private final cl_kernel kernel;
  private final String source;
  private final String function;

  /** Local memory that the function itself declares. */
  private final long declaredLocal;

  /** The arguments that the driver's kernel object holds. */
  private final List<Argument> given = new ArrayList<>();

  private OpenClKernel(OpenClContext context, cl_kernel kernel, String source, String function) {
    this.context = context;
    this.kernel = kernel;
    this.source = source;
    this.function = function;
    declaredLocal = ask(CL.CL_KERNEL_LOCAL_MEM_SIZE).orElse(0);
  }

  static OpenClKernel create(
      OpenClContext context, cl_program program, String source, String function) {
    int[] status = new int[1];
    cl_kernel kernel = CL.clCreateKernel(program, function, status);
    ClStatus.check(status[0], "clCreateKernel", function);
    LiveObjects.created(LiveObjects.Kind.KERNEL);
    return new OpenClKernel(context, kernel, source, function);
  }

  /** Starts a launch. */
  public Launch launch() {
    return new Launch(this);
  }

  cl_mem nothing() {
    return context.nothing();
  }

  synchronized void enqueue(
      BackendQueue queue, List<Argument> arguments, long[] global, long[] local) {
    if (!(queue instanceof OpenClQueue own)) {
      throw new HalException(ErrorCode.WRONG_DEVICE, "the queue is not one of " + context.uri());
    }
    give(arguments);
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
    if (LaunchLog.watched()) {
      LaunchLog.note(launched(arguments, global, local));
    }
  }

  /** Sets what differs from the launch before: a call per argument takes a microsecond. */
  private void give(List<Argument> arguments) {
    for (int i = 0; i < arguments.size(); i++) {
      Argument argument = arguments.get(i);
      if (i < given.size() && given.get(i).equals(argument)) {
        continue;
      }
      int status = CL.clSetKernelArg(kernel, i, argument.bytes(), argument.pointer());
      if (status != CL.CL_SUCCESS) {
        given.subList(Math.min(i, given.size()), given.size()).clear();
        throw ClStatus.failure(
            status,
            "clSetKernelArg " + i + " (" + argument.bytes() + " bytes) of " + function,
            null);
      }
      if (i < given.size()) {
        given.set(i, argument);
      } else {
        given.add(argument);
      }
    }
  }

  private KernelInspector.LaunchedKernel launched(
      List<Argument> arguments, long[] global, long[] local) {
    long groups = 1;
    long size = 1;
    for (int i = 0; i < global.length; i++) {
      groups *= global[i] / local[i];
      size *= local[i];
    }
    long inArguments =
        arguments.stream()
            .filter(Argument.Local.class::isInstance)
            .mapToLong(Argument::bytes)
            .sum();
    return new KernelInspector.LaunchedKernel(
        function,
        source,
        groups,
        size,
        ask(CL.CL_KERNEL_WORK_GROUP_SIZE).orElse(0),
        ask(CL.CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE).orElse(0),
        declaredLocal + inArguments,
        ask(CL.CL_KERNEL_PRIVATE_MEM_SIZE),
        // Only the gpu variant has neighbours.
        size == 1 ? Optional.empty() : AccessTable.of(function));
  }

  private OptionalLong ask(int parameter) {
    long[] answer = new long[1];
    int status =
        CL.clGetKernelWorkGroupInfo(
            kernel, context.device(), parameter, Long.BYTES, Pointer.to(answer), null);
    return status == CL.CL_SUCCESS ? OptionalLong.of(answer[0]) : OptionalLong.empty();
  }

  @Override
  public void close() {
    CL.clReleaseKernel(kernel);
    LiveObjects.released(LiveObjects.Kind.KERNEL);
  }
}
