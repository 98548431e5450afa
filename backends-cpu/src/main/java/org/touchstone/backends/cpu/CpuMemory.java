package org.touchstone.backends.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/** Host memory, allocated off the heap or borrowed. */
public final class CpuMemory implements DeviceMemory {
  /** Widest alignment that kernels profit from: one cache line, one 512-bit vector. */
  private static final long ALIGNMENT = 64;

  private final @Nullable Arena arena;
  private final MemorySegment segment;

  private CpuMemory(@Nullable Arena arena, MemorySegment segment) {
    this.arena = arena;
    this.segment = segment;
  }

  /** Allocates and borrows host memory for every CPU device. */
  static final class Source implements MemorySource {
    @Override
    public DeviceMemory allocate(long bytes) {
      Arena arena = Arena.ofShared();
      try {
        MemorySegment block = arena.allocate(Math.max(1, bytes), ALIGNMENT);
        return new CpuMemory(arena, block.asSlice(0, bytes));
      } catch (OutOfMemoryError | IllegalArgumentException e) {
        arena.close();
        throw new HalException(
            ErrorCode.OUT_OF_MEMORY,
            "cannot allocate " + bytes + " bytes of host memory",
            null,
            null,
            "use smaller tensors, or raise -XX:MaxDirectMemorySize",
            e);
      }
    }

    @Override
    public DeviceMemory wrap(MemorySegment host) {
      return new CpuMemory(null, host);
    }
  }

  @Override
  public long bytes() {
    return segment.byteSize();
  }

  @Override
  public Optional<MemorySegment> host() {
    return Optional.of(segment);
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }
}
