package org.touchstone.backends.memory;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/**
 * Puts a red zone directly before and directly behind every block and fills the block itself with
 * {@link #POISON}, so that a write outside, a read outside and a read of memory that was never
 * written become visible. Zones hold NaN patterns with a payload that no instruction produces.
 *
 * <p>Works on host memory directly and on other devices through copies on a queue of its own, for
 * which a backend implements {@link DeviceMemory#slice}. Check when the device is idle. Wrapped
 * host memory is passed on unguarded. Thread-safe.
 */
public final class GuardedMemory implements MemorySource {
  /** Byte that fills new blocks: NaN in every floating-point format that has one in 0xFF. */
  public static final byte POISON = (byte) 0xFF;

  /** Bytes of one zone; a whole page, so that the block keeps its alignment. */
  public static final long ZONE_BYTES = 4096;

  private final MemorySource source;
  private final DeviceBytes bytes;
  private final Set<GuardedBlock> live = new TreeSet<>();
  private final List<String> found = new ArrayList<>();
  private long allocations;

  private GuardedMemory(BackendDevice device, MemorySource source) {
    this.source = source;
    this.bytes = new DeviceBytes(device);
  }

  /** Guards a device's own memory. */
  public static GuardedMemory around(BackendDevice device) {
    return around(device, device.memory());
  }

  /**
   * Guards what a source allocates.
   *
   * @param device copies for memory that the host cannot reach
   * @param source allocates for that device
   */
  public static GuardedMemory around(BackendDevice device, MemorySource source) {
    return new GuardedMemory(device, source);
  }

  @Override
  public DeviceMemory allocate(long size) {
    DeviceMemory whole = source.allocate(Math.addExact(size, 2 * ZONE_BYTES));
    GuardedBlock block;
    try {
      DeviceMemory payload = part(whole, size);
      synchronized (this) {
        block = new GuardedBlock(++allocations, whole, payload, size, bytes);
      }
      block.arm();
    } catch (RuntimeException | Error e) {
      whole.close();
      throw e;
    }
    synchronized (this) {
      live.add(block);
    }
    return new WatchedBlock(block.payload(), () -> free(block));
  }

  private DeviceMemory part(DeviceMemory whole, long size) {
    return whole
        .host()
        .map(host -> source.wrap(host.asSlice(ZONE_BYTES, size)))
        .orElseGet(() -> whole.slice(ZONE_BYTES, size));
  }

  private void free(GuardedBlock block) {
    try {
      synchronized (this) {
        live.remove(block);
        found.addAll(block.violations());
      }
    } finally {
      block.free();
    }
  }

  @Override
  public DeviceMemory wrap(MemorySegment host) {
    return source.wrap(host);
  }

  /**
   * Checks the zones of every live block.
   *
   * @return one line per damaged zone since the last call, freed blocks included; the zones are
   *     repaired
   */
  public synchronized List<String> violations() {
    for (GuardedBlock block : live) {
      found.addAll(block.violations());
    }
    List<String> result = List.copyOf(found);
    found.clear();
    return result;
  }
}
