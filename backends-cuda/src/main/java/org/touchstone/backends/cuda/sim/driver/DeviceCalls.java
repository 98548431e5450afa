package org.touchstone.backends.cuda.sim.driver;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.DeviceAttribute;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.SimDevice;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.memory.LaunchOrder;

/** Calls about devices and contexts, and what all calls need. */
abstract class DeviceCalls implements CudaDriver {
  private record SimulatedDevice(int ordinal, DeviceProfile profile) implements Device {}

  private static final ThreadLocal<SimContext> CURRENT = new ThreadLocal<>();

  /** Retained primary contexts by the device's ordinal. */
  final Map<Integer, SimContext> contexts = new HashMap<>();

  private final List<DeviceProfile> profiles;
  private final Options options;

  DeviceCalls(List<DeviceProfile> profiles, Options options) {
    this.profiles = List.copyOf(profiles);
    this.options = options;
  }

  static CudaException error(String call, CudaResult result, String detail) {
    return new CudaException(call, result, detail);
  }

  SimContext context(String call) {
    SimContext c = CURRENT.get();
    if (c == null || c.retained == 0) {
      throw error(call, CudaResult.INVALID_CONTEXT, "no context is current on this thread");
    }
    c.streams.check();
    return c;
  }

  @Override
  public String name() {
    return "sim";
  }

  @Override
  public Set<Optional> optionalCalls() {
    return Set.of();
  }

  @Override
  public void init() {}

  @Override
  public int driverGetVersion() {
    return 13000;
  }

  @Override
  public int deviceGetCount() {
    return profiles.size();
  }

  @Override
  public Device deviceGet(int ordinal) {
    if (ordinal < 0 || ordinal >= profiles.size()) {
      throw error("cuDeviceGet", CudaResult.INVALID_DEVICE, "no device " + ordinal);
    }
    return new SimulatedDevice(ordinal, profiles.get(ordinal));
  }

  @Override
  public String deviceGetName(Device device) {
    return ((SimulatedDevice) device).profile().name();
  }

  @Override
  public UUID deviceGetUuid(Device device) {
    String target = ((SimulatedDevice) device).profile().target();
    return UUID.nameUUIDFromBytes(("cuda-sim " + target).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public long deviceTotalMem(Device device) {
    return SimDevice.DEFAULT_MEMORY;
  }

  @Override
  public int deviceGetAttribute(DeviceAttribute attribute, Device device) {
    return Occupancy.attribute(((SimulatedDevice) device).profile(), attribute);
  }

  @Override
  public synchronized Context devicePrimaryCtxRetain(Device device) {
    SimulatedDevice d = (SimulatedDevice) device;
    SimContext c =
        contexts.computeIfAbsent(
            d.ordinal(), o -> new SimContext(new SimDevice(d.profile(), options)));
    c.retained++;
    return c;
  }

  @Override
  public synchronized void devicePrimaryCtxRelease(Device device) {
    int ordinal = ((SimulatedDevice) device).ordinal();
    SimContext c = contexts.get(ordinal);
    if (c == null) {
      throw error("cuDevicePrimaryCtxRelease", CudaResult.INVALID_CONTEXT, "it is not retained");
    }
    c.retained--;
    if (c.retained == 0) {
      contexts.remove(ordinal);
    }
  }

  @Override
  public void ctxSetCurrent(Context context) {
    CURRENT.set((SimContext) context);
  }

  @Override
  public void ctxSynchronize() {
    SimContext c = context("cuCtxSynchronize");
    synchronized (c) {
      c.streams.synchroniseAll();
      c.streams.check();
    }
  }

  /** What a call does when its turn in the stream comes. */
  interface Task {
    void run(SimContext c, int number, LaunchOrder order);
  }

  void submit(String call, Stream stream, Task task) {
    SimContext c = context(call);
    synchronized (c) {
      c.streams.enqueue(alive(call, stream), (number, order) -> task.run(c, number, order), null);
      c.streams.check();
    }
  }

  static Streams.Stream alive(String call, Stream stream) {
    Streams.Stream s = (Streams.Stream) stream;
    if (s.destroyed) {
      throw error(call, CudaResult.INVALID_HANDLE, "the stream was destroyed");
    }
    return s;
  }

  static Streams.Event alive(String call, Event event) {
    Streams.Event e = (Streams.Event) event;
    if (e.destroyed) {
      throw error(call, CudaResult.INVALID_HANDLE, "the event was destroyed");
    }
    return e;
  }

  @Override
  public String getErrorName(int code) {
    return code == 0 ? "CUDA_SUCCESS" : "CUDA_ERROR_" + CudaResult.of(code);
  }

  @Override
  public String getErrorString(int code) {
    return CudaResult.of(code).name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }
}
