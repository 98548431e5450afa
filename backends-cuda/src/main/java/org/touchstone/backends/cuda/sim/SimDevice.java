package org.touchstone.backends.cuda.sim;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.check.Finding;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.exec.Checks;
import org.touchstone.backends.cuda.sim.exec.Launch;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Program;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.GlobalMemory;
import org.touchstone.backends.cuda.sim.memory.LaunchOrder;
import org.touchstone.backends.cuda.sim.memory.MemoryChecks;

/**
 * A simulated device: memory, modules and launches.
 *
 * <pre>{@code
 * SimDevice device = new SimDevice(DeviceProfile.of("sm_89").orElseThrow(), Options.DEFAULT);
 * SimModule module = device.load(ptxText);
 * long x = device.allocate(4096);
 * device.write(x, bytes, 0, 4096);
 * ParameterBytes parameters = new ParameterBytes(module.kernel("scale")).add(x).add(1024).add(2f);
 * LaunchReport report = device.launch(module.kernel("scale"), LaunchConfig.of(4, 256, 0), parameters.bytes());
 * }</pre>
 *
 * <p>Launches run at once, on the calling thread and helpers, and end with a {@link
 * SimulationException} when a check finds something. Memory calls are thread-safe; launches of one
 * device that touch the same memory must not overlap.
 */
public final class SimDevice {
  /** Bytes of memory unless told otherwise. */
  public static final long DEFAULT_MEMORY = 4L << 30;

  private static final int LAST_NUMBER = 0xffff;

  private final DeviceProfile profile;
  private final Options options;
  private final GlobalMemory memory;
  private final AtomicInteger numbers = new AtomicInteger();

  /** Creates a device with 4 GiB of memory. */
  public SimDevice(DeviceProfile profile, Options options) {
    this(profile, options, DEFAULT_MEMORY);
  }

  /** Creates a device with so many bytes of memory. */
  public SimDevice(DeviceProfile profile, Options options, long memoryBytes) {
    this.profile = profile;
    this.options = options;
    Checks checks = options.checks();
    this.memory =
        new GlobalMemory(
            memoryBytes, new MemoryChecks(checks.races(), checks.uninitialisedGlobal()));
  }

  /** Returns the limits. */
  public DeviceProfile profile() {
    return profile;
  }

  /** Returns the options. */
  public Options options() {
    return options;
  }

  /** Returns the memory. */
  public GlobalMemory memory() {
    return memory;
  }

  /**
   * Loads a module: parses it, decodes its kernels and places its variables.
   *
   * @throws org.touchstone.backends.cuda.sim.ptx.PtxException naming the line of what is unknown
   */
  public SimModule load(String ptx) {
    return new SimModule(this, ptx);
  }

  /**
   * Allocates uninitialised memory.
   *
   * @return its address, a multiple of 256
   * @throws OutOfMemoryError never; an {@link IllegalStateException} when the device has no more
   */
  public long allocate(long bytes) {
    Allocation a = memory.allocate(bytes, null, false);
    if (a == null) {
      throw new IllegalStateException(
          "out of device memory: "
              + bytes
              + " bytes asked for, "
              + memory.used()
              + " of "
              + memory.limit()
              + " in use");
    }
    return a.base();
  }

  /** Frees what was allocated at the address. */
  public void free(long address) {
    if (!memory.free(address)) {
      throw host(
          FindingKind.DANGLING_POINTER,
          String.format("free of 0x%x, where no allocation begins", address));
    }
  }

  /** Copies bytes into device memory. */
  public void write(long address, byte[] source, int from, int bytes) {
    Allocation a = range(address, bytes, "a copy to the device");
    int offset = (int) (address - a.base());
    System.arraycopy(source, from, a.data(), offset, bytes);
    a.markWritten(offset, bytes);
  }

  /** Copies bytes out of device memory. */
  public void read(long address, byte[] target, int to, int bytes) {
    Allocation a = range(address, bytes, "a copy from the device");
    System.arraycopy(a.data(), (int) (address - a.base()), target, to, bytes);
  }

  /** Returns the allocation that holds all of a range, or fails. */
  public Allocation range(long address, long bytes, String what) {
    Allocation a = memory.find(address);
    if (a == null || address + bytes > a.base() + a.size()) {
      throw host(
          FindingKind.OUT_OF_BOUNDS,
          String.format(
              "%s of %d bytes at 0x%x%s", what, bytes, address, a == null ? "" : " of the " + a));
    }
    if (a.freed()) {
      throw host(
          FindingKind.DANGLING_POINTER, String.format("%s at 0x%x of the %s", what, address, a));
    }
    return a;
  }

  /**
   * Runs a kernel.
   *
   * @param parameters the kernel's parameters, laid out as {@link ParameterBytes} does
   * @throws SimulationException with the first finding
   */
  public LaunchReport launch(Program kernel, LaunchConfig config, byte[] parameters) {
    return launch(kernel, config, parameters, nextNumber(), null);
  }

  /**
   * Runs a kernel as one of several pieces of work whose order streams define.
   *
   * @param number the work's number, 1 to 65535
   * @param order says which earlier work happened before
   */
  public LaunchReport launch(
      Program kernel,
      LaunchConfig config,
      byte[] parameters,
      int number,
      @Nullable LaunchOrder order) {
    checkLimits(kernel, config, parameters);
    return new Launch(
            kernel, config, options, parameters, memory, profile.processors(), number, order)
        .run();
  }

  /** Returns the next number of a piece of work, 1 to 65535, over and over. */
  public int nextNumber() {
    int n = numbers.updateAndGet(i -> i == LAST_NUMBER ? 1 : i + 1);
    if (n == 1) {
      memory.forgetAccesses();
    }
    return n;
  }

  /**
   * Checks a launch against the limits of the device and the kernel.
   *
   * @throws SimulationException with {@link FindingKind#LAUNCH_LIMIT} or {@link
   *     FindingKind#PARAMETER_SIZE}
   */
  public void checkLimits(Program kernel, LaunchConfig c, byte[] parameters) {
    String name = kernel.name();
    int threads = c.threads();
    limit(name, "threads per block", threads, DeviceProfile.THREADS_PER_BLOCK);
    limit(name, "block extent x", c.blockX(), 1024);
    limit(name, "block extent y", c.blockY(), 1024);
    limit(name, "block extent z", c.blockZ(), 64);
    limit(name, "grid extent y", c.gridY(), 65535);
    limit(name, "grid extent z", c.gridZ(), 65535);
    if (kernel.maxThreads() > 0) {
      limit(name, "threads per block by .maxntid or .reqntid", threads, kernel.maxThreads());
    }
    if (!kernel.requiredBlock().isEmpty()) {
      int[] block = {c.blockX(), c.blockY(), c.blockZ()};
      for (int i = 0; i < kernel.requiredBlock().size(); i++) {
        if (kernel.requiredBlock().get(i) != block[i]) {
          throw limited(name, "the kernel demands blocks of " + kernel.requiredBlock());
        }
      }
    }
    int shared =
        c.dynamicShared() == 0 ? kernel.staticShared() : kernel.dynamicOffset() + c.dynamicShared();
    limit(name, "static shared memory", kernel.staticShared(), DeviceProfile.SHARED_PER_BLOCK);
    limit(name, "shared memory per block", shared, profile.sharedPerBlockOptIn());
    if (parameters.length != kernel.parameterBytes()) {
      throw new SimulationException(
          Finding.host(
              FindingKind.PARAMETER_SIZE,
              name,
              "the kernel has "
                  + kernel.parameterBytes()
                  + " bytes of parameters, the launch passes "
                  + parameters.length));
    }
  }

  private void limit(String kernel, String what, int value, int limit) {
    if (value > limit) {
      throw limited(kernel, what + " " + value + " exceeds " + limit + " of " + profile.target());
    }
  }

  private static SimulationException limited(String kernel, String message) {
    return new SimulationException(Finding.host(FindingKind.LAUNCH_LIMIT, kernel, message));
  }

  private static SimulationException host(FindingKind kind, String message) {
    return new SimulationException(Finding.host(kind, null, message));
  }

  /**
   * Checks that nothing but module variables is allocated.
   *
   * @throws SimulationException naming an allocation that was never freed
   */
  public void checkLeaks() {
    for (Allocation a : memory.live()) {
      throw host(FindingKind.LEAKED_ALLOCATION, "the " + a + " was never freed");
    }
  }
}
