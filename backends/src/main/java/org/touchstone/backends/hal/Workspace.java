package org.touchstone.backends.hal;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.spi.DeviceMemory;

/** Scratch memory of one queue. Not thread-safe: the queue's lock guards it. */
final class Workspace {
  /** Given to kernels that need none. */
  private static final DeviceMemory NOTHING =
      new DeviceMemory() {
        @Override
        public long bytes() {
          return 0;
        }

        @Override
        public Optional<MemorySegment> host() {
          return Optional.of(MemorySegment.NULL);
        }

        @Override
        public void close() {}
      };

  private final HalDevice device;
  private final WorkspaceRules rules;
  private @Nullable DeviceMemory block;
  private volatile long bytes;

  Workspace(HalDevice device, WorkspaceRules rules) {
    this.device = device;
    this.rules = rules;
  }

  long bytes() {
    return bytes;
  }

  /**
   * Returns at least the bytes that a kernel needs.
   *
   * @param drain waits for the kernels that may still use the present block; called before it is
   *     freed
   */
  DeviceMemory reserve(long need, String operator, Runnable drain) {
    if (need < 0 || need > rules.largest()) {
      throw new HalException(
          need < 0 ? ErrorCode.INTERNAL : ErrorCode.OUT_OF_MEMORY,
          "the kernel asks for "
              + need
              + " bytes of workspace, a queue holds at most "
              + rules.largest(),
          operator,
          device.info().uri(),
          "launch fewer tokens at a time, or raise touchstone.queue.workspace.max",
          null);
    }
    boolean exact = rules.handing() == Instruments.Workspace.EXACT;
    if (need == 0 && (exact || block == null)) {
      return NOTHING;
    }
    DeviceMemory present = block;
    if (present != null && !exact && bytes >= need) {
      return present;
    }
    if (present != null) {
      drain.run();
      release();
    }
    DeviceMemory grown;
    try {
      grown = device.allocateMemory(need);
    } catch (HalException e) {
      throw e.at(operator, device.info().uri());
    }
    block = grown;
    bytes = need;
    device.ledger().workspaceChanged(need);
    return grown;
  }

  void release() {
    DeviceMemory present = block;
    if (present != null) {
      block = null;
      device.ledger().workspaceChanged(-bytes);
      bytes = 0;
      present.close();
    }
  }
}
