package org.touchstone.backends.cuda.standin;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.BackendReport;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.cuda.CudaProvider;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.FunctionAttribute;
import org.touchstone.backends.cuda.driver.JitOptions;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.cuda.driver.LaunchConfig;
import org.touchstone.backends.cuda.driver.TensorMap;
import org.touchstone.backends.cuda.jcuda.JcudaLoader;
import org.touchstone.backends.host.HostTensors;

/** What the child JVM runs; prints what it sees, a line each. */
public final class StandInProgram {
  private static final int ROWS = 3;
  private static final int COLUMNS = 5;

  private StandInProgram() {}

  /** Runs the named scenario over a HAL whose cache is the second argument. */
  public static void main(String[] arguments) {
    HalOptions options = HalOptions.DEFAULT.with("cache.dir", arguments[1]);
    if (arguments[0].equals("driver")) {
      callEverything(options);
      return;
    }
    try (Hal hal = Backends.open(options, new CudaProvider())) {
      BackendReport report = hal.backends().getFirst();
      say("state " + report.state());
      report.reason().ifPresent(reason -> say("reason " + reason));
      hal.devices().forEach(info -> say("device " + info));
      if (arguments[0].equals("add")) {
        add(hal);
      }
    }
  }

  private static void say(String line) {
    System.out.println(line);
  }

  private static void add(Hal hal) {
    try (Device device = hal.device("cuda://0")) {
      Operator<AddArgs> add = device.prepare(AddSpec.of(DType.F32));
      long bytes = Float.BYTES * ROWS * COLUMNS;
      try (Arena arena = Arena.ofConfined();
          Buffer a = device.allocate(bytes);
          Buffer b = device.allocate(bytes);
          Buffer y = device.allocate(bytes);
          Queue queue = device.openQueue();
          Queue second = device.openQueue()) {
        Shape shape = Shape.of(ROWS, COLUMNS);
        queue.copy(everySecond(arena), Tensor.of(a, DType.F32, shape));
        queue.copy(Tensor.of(a, DType.F32, shape), Tensor.of(b, DType.F32, shape));
        Completion done =
            add.submit(
                queue,
                new AddArgs(
                    Tensor.of(a, DType.F32, shape),
                    Tensor.of(b, DType.F32, shape),
                    Tensor.of(y, DType.F32, shape)));
        second.await(done);
        Tensor result = HostTensors.allocate(arena, DType.F32, ROWS, COLUMNS);
        second.copy(Tensor.of(y, DType.F32, shape), result).join();
        say("receipt " + done.receipt());
        say("sum " + List.of(HostTensors.doubles(result)[0], HostTensors.doubles(result)[14]));
      } catch (HalException e) {
        say("failure " + e.code() + " " + e.getMessage());
        again(device, add);
      }
    } catch (HalException e) {
      say("failure " + e.code() + " " + e.getMessage());
    }
  }

  /** Uses the device once more after a failure. */
  private static void again(Device device, Operator<AddArgs> add) {
    try (Buffer buffer = device.allocate(4);
        Queue queue = device.openQueue()) {
      Tensor one = Tensor.of(buffer, DType.F32, Shape.of(1));
      add.submit(queue, new AddArgs(one, one, one)).join();
      say("works again");
    } catch (HalException e) {
      say("again " + e.code() + " " + e.getMessage());
    }
  }

  /** Returns a tensor [3, 5] with gaps between its elements' rows: element (r, c) is 10 r + c. */
  private static Tensor everySecond(Arena arena) {
    Tensor wide = HostTensors.allocate(arena, DType.F32, ROWS, 2 * COLUMNS);
    for (int row = 0; row < ROWS; row++) {
      for (int column = 0; column < COLUMNS; column++) {
        wide.buffer()
            .host()
            .setAtIndex(ValueLayout.JAVA_FLOAT, row * 2L * COLUMNS + column, 10f * row + column);
      }
    }
    return Tensor.of(
        wide.buffer(),
        DType.F32,
        Shape.of(ROWS, COLUMNS),
        Strides.of(2 * COLUMNS, 1),
        0,
        wide.layout());
  }

  /** Makes the calls that the add does not make. */
  private static void callEverything(HalOptions options) {
    JcudaLoader.Outcome outcome = JcudaLoader.load(Backends.context(options).nativeLibraries());
    CudaDriver driver = ((JcudaLoader.Outcome.Loaded) outcome).driver();
    say("name " + driver.name() + " " + driver.optionalCalls());
    driver.init();
    CudaDriver.Device device = driver.deviceGet(0);
    driver.ctxSetCurrent(driver.devicePrimaryCtxRetain(device));
    driver.memPoolKeep(device, 4096);
    CudaDriver.Stream stream = driver.streamCreate();
    DevicePointer memory = driver.memAllocAsync(64, stream);
    driver.memsetD8Async(memory, (byte) 7, 64, stream);
    driver.memsetD32Async(memory.plus(4), 0x01020304, 2, stream);
    MemorySegment host = driver.memHostAlloc(64);
    driver.memcpyDtoHAsync(host, memory, stream);
    say(
        "bytes "
            + host.get(ValueLayout.JAVA_BYTE, 3)
            + " "
            + host.get(ValueLayout.JAVA_INT, 8)
            + " "
            + host.get(ValueLayout.JAVA_BYTE, 12));
    say("stream done " + driver.streamQuery(stream) + ", memory " + driver.memGetInfo());
    CudaDriver.Module module =
        driver.moduleLoadDataEx(
            ".version 7.0".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
            JitOptions.DEFAULT);
    CudaDriver.Function function = driver.moduleGetFunction(module, "some_kernel");
    driver.launchKernelEx(
        new LaunchConfig(
            Dim3.of(4, 2),
            Dim3.of(64),
            256,
            stream,
            Optional.of(Dim3.of(2)),
            LaunchConfig.Start.PROGRAMMATIC),
        function,
        new KernelParams().i32(1).pointer(memory).f32(2).bytes());
    say("registers " + driver.funcGetAttribute(FunctionAttribute.NUM_REGS, function));
    say("blocks " + driver.occupancyMaxActiveBlocksPerMultiprocessor(function, 512, 0));
    byte[] map =
        driver.tensorMapEncodeTiled(
            new TensorMap(
                TensorMap.Element.BF16,
                memory,
                List.of(64L, 32L),
                List.of(128L),
                List.of(64, 8),
                List.of(1, 1),
                TensorMap.Swizzle.B128));
    say("map " + map.length + " " + map[127]);
    driver.moduleUnload(module);
    driver.memFreeHost(host);
    driver.memFreeAsync(memory, stream);
    driver.streamDestroy(stream);
    driver.ctxSynchronize();
    driver.devicePrimaryCtxRelease(device);
    say("settings " + Map.of("tmpdir", System.getProperty("java.io.tmpdir")));
  }
}
