package org.touchstone.backends.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;

/** Reads and writes bytes of a device's memory, directly where the host can, else by copies. */
final class DeviceBytes {
  private static final long CHUNK = 1 << 20;

  private final BackendDevice device;

  DeviceBytes(BackendDevice device) {
    this.device = device;
  }

  void write(MemorySegment from, DeviceMemory to, long offset) {
    long bytes = from.byteSize();
    if (to.host().isPresent()) {
      MemorySegment.copy(from, 0, to.host().get(), offset, bytes);
      return;
    }
    copy(host(from, bytes), device(to, offset, bytes), bytes);
  }

  void read(DeviceMemory from, long offset, MemorySegment to) {
    long bytes = to.byteSize();
    if (from.host().isPresent()) {
      MemorySegment.copy(from.host().get(), offset, to, 0, bytes);
      return;
    }
    copy(device(from, offset, bytes), host(to, bytes), bytes);
  }

  void fill(DeviceMemory memory, long offset, long bytes, byte value) {
    if (memory.host().isPresent()) {
      memory.host().get().asSlice(offset, bytes).fill(value);
      return;
    }
    try (Arena arena = Arena.ofShared()) {
      MemorySegment chunk = arena.allocate(Math.min(CHUNK, bytes)).fill(value);
      for (long done = 0; done < bytes; done += chunk.byteSize()) {
        write(chunk.asSlice(0, Math.min(chunk.byteSize(), bytes - done)), memory, offset + done);
      }
    }
  }

  private static CopyRows.End host(MemorySegment segment, long bytes) {
    return new CopyRows.End(null, segment, 0, bytes);
  }

  private static CopyRows.End device(DeviceMemory memory, long offset, long bytes) {
    return new CopyRows.End(memory.unwrapped(), null, offset, bytes);
  }

  private void copy(CopyRows.End from, CopyRows.End to, long bytes) {
    try (BackendQueue queue = device.openQueue()) {
      queue.copy(new CopyRows(from, to, bytes, 1));
      queue.record().await();
    }
  }
}
