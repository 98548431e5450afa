package org.touchstone.backends.cuda.sim.driver;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Set;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.sim.SimDevice;
import org.touchstone.backends.cuda.sim.SimModule;
import org.touchstone.backends.cuda.sim.check.Finding;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.exec.Program;
import org.touchstone.backends.cuda.sim.memory.Actor;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.BlockClock;
import org.touchstone.backends.cuda.sim.memory.GlobalShadow;
import org.touchstone.backends.cuda.sim.memory.LaunchOrder;

/** The primary context of a simulated device, and copies within it. */
final class SimContext implements CudaDriver.Context {
  /** A loaded module. */
  static final class Module implements CudaDriver.Module {
    final SimContext context;
    final SimModule module;
    boolean unloaded;

    Module(SimContext context, SimModule module) {
      this.context = context;
      this.module = module;
    }
  }

  /** A kernel with its settable attributes. */
  static final class Function implements CudaDriver.Function {
    final Module module;
    final Program program;
    int maxDynamicShared;
    int carveout = -1;

    Function(Module module, Program program, int maxDynamicShared) {
      this.module = module;
      this.program = program;
      this.maxDynamicShared = maxDynamicShared;
    }
  }

  final SimDevice device;
  final Streams streams;
  final Set<Module> modules = new LinkedHashSet<>();
  int retained;

  SimContext(SimDevice device) {
    this.device = device;
    this.streams = new Streams(device.options().schedule(), device::nextNumber);
  }

  /** Turns a finding into the status that a device would report, the finding being its detail. */
  static CudaException exception(String call, SimulationException e) {
    return new CudaException(call, result(e.finding().kind()), e.finding().toString());
  }

  private static CudaResult result(FindingKind kind) {
    return switch (kind) {
      case OUT_OF_BOUNDS, DANGLING_POINTER, READ_ONLY_WRITE -> CudaResult.ILLEGAL_ADDRESS;
      case MISALIGNED -> CudaResult.MISALIGNED_ADDRESS;
      case LAUNCH_LIMIT -> CudaResult.LAUNCH_OUT_OF_RESOURCES;
      case PARAMETER_SIZE -> CudaResult.INVALID_VALUE;
      case NO_PROGRESS, DEADLOCK -> CudaResult.LAUNCH_TIMEOUT;
      default -> CudaResult.LAUNCH_FAILED;
    };
  }

  /** Copies host bytes into the device's memory. */
  void write(String call, long address, MemorySegment source, int number, LaunchOrder order) {
    long bytes = source.byteSize();
    Allocation a = range(call, address, bytes);
    int offset = (int) (address - a.base());
    note(call, a, offset, bytes, number, order, true);
    MemorySegment.copy(source, 0, MemorySegment.ofArray(a.data()), offset, bytes);
    a.markWritten(offset, (int) bytes);
  }

  /** Copies device bytes into host memory. */
  void read(String call, MemorySegment target, long address, int number, LaunchOrder order) {
    long bytes = target.byteSize();
    Allocation a = range(call, address, bytes);
    int offset = (int) (address - a.base());
    note(call, a, offset, bytes, number, order, false);
    MemorySegment.copy(MemorySegment.ofArray(a.data()), offset, target, 0, bytes);
  }

  /** Copies within the device's memory, and with the bytes whether they were written. */
  void copy(String call, long to, long from, long bytes, int number, LaunchOrder order) {
    Allocation source = range(call, from, bytes);
    Allocation target = range(call, to, bytes);
    int read = (int) (from - source.base());
    int written = (int) (to - target.base());
    note(call, source, read, bytes, number, order, false);
    note(call, target, written, bytes, number, order, true);
    System.arraycopy(source.data(), read, target.data(), written, (int) bytes);
    target.copyWritten(written, source, read, (int) bytes);
  }

  /** Fills with a pattern of one or four bytes. */
  void fill(String call, long address, byte[] pattern, long count, int number, LaunchOrder order) {
    long bytes = Math.multiplyExact(count, (long) pattern.length);
    Allocation a = range(call, address, bytes);
    int offset = (int) (address - a.base());
    note(call, a, offset, bytes, number, order, true);
    for (int i = 0; i < bytes; i++) {
      a.data()[offset + i] = pattern[i % pattern.length];
    }
    a.markWritten(offset, (int) bytes);
  }

  private Allocation range(String call, long address, long bytes) {
    try {
      return device.range(address, bytes, call);
    } catch (SimulationException e) {
      throw exception(call, e);
    }
  }

  private static void note(
      String call,
      Allocation a,
      int offset,
      long bytes,
      int number,
      LaunchOrder order,
      boolean writes) {
    if (!a.tracksRaces()) {
      return;
    }
    BlockClock block = new BlockClock(number, 0, new BlockClock.Locations(), order);
    Actor actor = new Actor(0, 1, block);
    actor.begin(1);
    String race = GlobalShadow.copy(a, offset, bytes, actor, writes);
    if (race != null) {
      throw exception(
          call,
          new SimulationException(
              Finding.host(
                  FindingKind.STREAM_RACE,
                  null,
                  call
                      + " of "
                      + bytes
                      + " bytes at byte "
                      + offset
                      + " of the "
                      + a
                      + ": "
                      + race
                      + "; record an event there and wait for it here")));
    }
  }
}
