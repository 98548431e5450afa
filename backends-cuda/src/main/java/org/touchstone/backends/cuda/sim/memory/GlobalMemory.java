package org.touchstone.backends.cuda.sim.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The device's memory: a table of allocations with red zones between them.
 *
 * <p>Addresses are never used twice, so that a dangling pointer is known as one. Thread-safe; the
 * data themselves are as racy as on a device.
 */
public final class GlobalMemory {
  private static final long FIRST_ADDRESS = 0x7_0000_0000L;
  private static final int RED_ZONE = 512;

  /** Where generic addresses of shared memory begin. */
  public static final long SHARED_WINDOW = 0x7e00_0000_0000L;

  /** Where generic addresses of local memory begin. */
  public static final long LOCAL_WINDOW = 0x7d00_0000_0000L;

  /** Where generic addresses of kernel parameters begin. */
  public static final long PARAM_WINDOW = 0x7c00_0000_0000L;

  /** The bytes of each window. */
  public static final long WINDOW_BYTES = 1L << 32;

  private final MemoryChecks checks;
  private final long limit;
  private long next = FIRST_ADDRESS;
  private long used;
  private volatile Allocation[] table = new Allocation[0];

  /** Creates a memory of so many bytes. */
  public GlobalMemory(long limit, MemoryChecks checks) {
    this.limit = limit;
    this.checks = checks;
  }

  /**
   * Allocates uninitialised bytes at a multiple of 256, or returns null when the memory is used up.
   *
   * @param name the module variable that lies there, or null
   */
  public synchronized @Nullable Allocation allocate(
      long bytes, @Nullable String name, boolean readOnly) {
    if (bytes <= 0 || bytes > Integer.MAX_VALUE - 64 || bytes > limit - used) {
      return null;
    }
    Allocation a = new Allocation(next, (int) bytes, name, readOnly, checks);
    next = (next + bytes + RED_ZONE + 255) & -256L;
    used += bytes;
    Allocation[] longer = Arrays.copyOf(table, table.length + 1);
    longer[table.length] = a;
    table = longer;
    return a;
  }

  /** Frees the allocation that begins at the address; false if there is none. */
  public synchronized boolean free(long address) {
    Allocation a = find(address);
    if (a == null || a.base != address || a.freed()) {
      return false;
    }
    a.free();
    used -= a.size;
    // Keep the addresses, not the bytes, nor more than some thousands of them.
    Allocation[] copy = table;
    List<Allocation> kept = new ArrayList<>(copy.length);
    int drop = Math.max(0, copy.length - 20_000);
    for (Allocation each : copy) {
      if (each == a) {
        kept.add(tombstone(a));
      } else if (!each.freed() || drop-- <= 0) {
        kept.add(each);
      }
    }
    table = kept.toArray(new Allocation[0]);
    return true;
  }

  private static Allocation tombstone(Allocation a) {
    Allocation t = new Allocation(a, true);
    t.free();
    return t;
  }

  /** Returns the allocation, alive or freed, that holds the address, or null. */
  public @Nullable Allocation find(long address) {
    Allocation[] t = table;
    int low = 0;
    int high = t.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      Allocation a = t[middle];
      if (address < a.base) {
        high = middle - 1;
      } else if (address >= a.base + a.size) {
        low = middle + 1;
      } else {
        return a;
      }
    }
    return null;
  }

  /** Returns the allocation that ends closest below the address, or null. */
  public @Nullable Allocation below(long address) {
    Allocation best = null;
    for (Allocation a : table) {
      best = a.base <= address ? a : best;
    }
    return best;
  }

  /** Returns what is allocated, module variables excluded. */
  public List<Allocation> live() {
    return Arrays.stream(table).filter(a -> !a.freed() && a.name() == null).toList();
  }

  /** Returns the bytes in use. */
  public synchronized long used() {
    return used;
  }

  /** Returns the bytes of the memory. */
  public long limit() {
    return limit;
  }

  /** Forgets who accessed what, before launch numbers are used again. */
  public void forgetAccesses() {
    for (Allocation a : table) {
      a.forgetAccesses();
    }
  }
}
