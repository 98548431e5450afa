package org.touchstone.backends.testing;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HostAccess;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/** Memory of a {@link FakeDevice}: native memory that it may hide from the host. */
public final class FakeMemory implements DeviceMemory {
  private final HostAccess access;
  private final MemorySegment segment;
  private final @Nullable Arena arena;
  private final AtomicInteger closings = new AtomicInteger();

  private FakeMemory(HostAccess access, MemorySegment segment, @Nullable Arena arena) {
    this.access = access;
    this.segment = segment;
    this.arena = arena;
  }

  /** Where a {@link FakeDevice} gets its memory from. */
  public record Source(HostAccess access) implements MemorySource {
    @Override
    public DeviceMemory allocate(long bytes) {
      if (bytes < 1) {
        throw new AssertionError("asked for " + bytes + " bytes");
      }
      Arena arena = Arena.ofShared();
      return new FakeMemory(access, arena.allocate(bytes, 64), arena);
    }

    @Override
    public DeviceMemory wrap(MemorySegment host) {
      return new FakeMemory(HostAccess.DIRECT, host, null);
    }
  }

  /** Returns the bytes, whether or not the host may see them. */
  public MemorySegment bytesOnDevice() {
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
    return new FakeMemory(access, segment.asSlice(offset, bytes), null);
  }

  @Override
  public void close() {
    if (closings.incrementAndGet() > 1) {
      throw new AssertionError("freed twice");
    }
    if (arena != null) {
      arena.close();
    }
  }
}
