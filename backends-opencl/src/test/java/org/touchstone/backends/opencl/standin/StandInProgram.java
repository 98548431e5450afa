package org.touchstone.backends.opencl.standin;

import java.lang.foreign.Arena;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.opencl.OpenClProvider;
import org.touchstone.backends.opencl.driver.LiveObjects;

/** What the child JVM runs; prints what it sees, a line each. */
public final class StandInProgram {
  private static final long ELEMENTS = 16;

  private StandInProgram() {}

  /** Probes, and with the argument {@code add} adds twice. */
  public static void main(String[] arguments) {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new OpenClProvider())) {
      hal.backends()
          .forEach(report -> System.out.println("state " + report.state() + " " + report.reason()));
      if (arguments.length > 0) {
        use(hal, arguments[0]);
      }
    }
    System.out.println("live " + LiveObjects.counts());
  }

  private static void use(Hal hal, String what) {
    try (Device device = hal.device("opencl://stand-in/0")) {
      if (what.equals("large")) {
        device.allocate(1L << 30).close();
        return;
      }
      try (Arena arena = Arena.ofShared();
          Queue queue = device.openQueue();
          Buffer in = device.allocate(ELEMENTS * Float.BYTES);
          Buffer out = device.allocate(ELEMENTS * Float.BYTES)) {
        Tensor host = HostTensors.allocate(arena, DType.F32, ELEMENTS);
        Tensor x = Tensor.of(in, DType.F32, host.shape());
        Tensor y = Tensor.of(out, DType.F32, host.shape());
        attempt("first", () -> add(device, queue, host, new AddArgs(x, x, y)));
        attempt("second", () -> add(device, queue, host, new AddArgs(x, x, y)));
      }
    } catch (HalException e) {
      say("failure", e);
    }
  }

  private static void add(Device device, Queue queue, Tensor host, AddArgs args) {
    queue.copy(host, args.a());
    device.prepare(AddSpec.of(DType.F32)).submit(queue, args).join();
  }

  private static void attempt(String name, Runnable action) {
    try {
      action.run();
      System.out.println(name + " done");
    } catch (HalException e) {
      say(name, e);
    }
  }

  private static void say(String name, HalException e) {
    System.out.println(name + " " + e.code() + " " + String.valueOf(e).replaceAll("\\R", " | "));
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      System.out.println(name + " because " + cause);
    }
  }
}
