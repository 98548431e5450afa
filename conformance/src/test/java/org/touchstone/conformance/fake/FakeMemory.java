package org.touchstone.conformance.fake;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HostAccess;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/** Native memory that may be hidden from the host. */
final class FakeMemory implements DeviceMemory {
  private final MemorySegment segment;
  private final HostAccess access;
  private final @Nullable Arena arena;

  private FakeMemory(MemorySegment segment, HostAccess access, @Nullable Arena arena) {
    this.segment = segment;
    this.access = access;
    this.arena = arena;
  }

  static MemorySource source(HostAccess access) {
    return new MemorySource() {
      @Override
      public DeviceMemory allocate(long bytes) {
        Arena arena = Arena.ofShared();
        return new FakeMemory(arena.allocate(bytes, 64), access, arena);
      }

      @Override
      public DeviceMemory wrap(MemorySegment host) {
        return new FakeMemory(host, access, null);
      }
    };
  }

  MemorySegment segment() {
    return segment;
  }

  @Override
  public long bytes() {
    return segment.byteSize();
  }

  @Override
  public Optional<MemorySegment> host() {
    return access == HostAccess.DIRECT ? Optional.of(segment) : Optional.empty();
  }

  @Override
  public DeviceMemory slice(long offset, long bytes) {
    return new FakeMemory(segment.asSlice(offset, bytes), access, null);
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }
}
