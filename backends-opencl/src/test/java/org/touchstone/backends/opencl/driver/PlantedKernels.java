package org.touchstone.backends.opencl.driver;

import java.util.List;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.worker.WorkerChannel;

/** Runs kernels with planted defects in a worker process, one per request. */
public final class PlantedKernels {
  static final String SOURCE =
      """
      __kernel void sound(__global int *x, ulong at) {
        x[get_global_id(0)] = 84;
      }
      __kernel void out_of_bounds(__global int *x, ulong at) {
        x[get_global_id(0) + 60] = 84;
      }
      __kernel void local_race(__global int *x, ulong at) {
        __local int shared;
        shared = get_local_id(0);
        barrier(CLK_LOCAL_MEM_FENCE);
        x[get_global_id(0)] = shared;
      }
      __kernel void uninitialised(__global int *x, ulong at) {
        int part[4];
        part[1] = 84;
        x[get_global_id(0)] = part[get_global_id(0) & 3];
      }
      """;

  private static final long ITEMS = 8;
  private static final long BYTES = 64L * Integer.BYTES;

  private PlantedKernels() {}

  /** Serves requests that name a kernel. */
  public static void main(String[] arguments) {
    BackendContext services = Backends.context(HalOptions.DEFAULT);
    OpenClLoader.load(services.nativeLibraries());
    FoundDevice found = Platforms.enumerate().devices().getFirst();
    try (OpenClContext context = OpenClContext.open(found, services)) {
      WorkerChannel.serve(name -> run(context, name));
    }
  }

  private static String run(OpenClContext context, String name) {
    try (OpenClKernel kernel = context.programs().kernelOf(SOURCE, "planted.cl", name, List.of());
        BackendQueue queue = context.openQueue();
        DeviceMemory memory = context.memory().allocate(BYTES)) {
      kernel.launch().memory(memory, 0).run(queue, 1, ITEMS);
      queue.record().await();
      return context.uri();
    }
  }
}
