package org.touchstone.backends.cuda.sim.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A piece of device memory with its shadow state. Freed ones stay known by their addresses. */
public final class Allocation {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final int ALL_WRITTEN = 0x01010101;
  private static final int PAGE_WORDS = 1 << 12;

  final long base;
  final long size;
  final byte[] data;

  /** One byte per byte, 1 once written; empty when the check is off. */
  final byte[] written;

  private final @Nullable String name;
  private final boolean readOnly;
  private volatile boolean freed;
  private final long[] @Nullable [] writers;
  private final long[] @Nullable [] readers;

  Allocation(long base, int size, @Nullable String name, boolean readOnly, MemoryChecks checks) {
    this.base = base;
    this.size = size;
    this.name = name;
    this.readOnly = readOnly;
    this.data = new byte[size];
    this.written = new byte[checks.uninitialised() ? size : 0];
    int pages = checks.races() ? size / 4 / PAGE_WORDS + 1 : 0;
    this.writers = new long[pages][];
    this.readers = new long[pages][];
  }

  /** Creates a freed allocation's tombstone: its address and size without its bytes. */
  Allocation(Allocation gone, boolean readOnly) {
    this.base = gone.base;
    this.size = gone.size;
    this.name = gone.name;
    this.readOnly = readOnly;
    this.data = new byte[0];
    this.written = new byte[0];
    this.writers = new long[0][];
    this.readers = new long[0][];
  }

  /** Returns the bytes, which belong to the device. */
  public byte[] data() {
    return data;
  }

  /** Returns the address of the first byte. */
  public long base() {
    return base;
  }

  /** Returns the size in bytes. */
  public long size() {
    return size;
  }

  /** Returns the name of the module variable that lies here, or null. */
  public @Nullable String name() {
    return name;
  }

  /** Says whether kernels may only read it. */
  public boolean readOnly() {
    return readOnly;
  }

  /** Says whether it was freed. */
  public boolean freed() {
    return freed;
  }

  void free() {
    freed = true;
  }

  /** Says whether accesses are recorded. */
  public boolean tracksRaces() {
    return writers.length > 0;
  }

  /** Returns the shadow words of the page of a 4-byte word; {@code word & 4095} indexes them. */
  long[] writers(int word) {
    return page(writers, word >>> 12);
  }

  long[] readers(int word) {
    return page(readers, word >>> 12);
  }

  private static long[] page(long[] @Nullable [] pages, int page) {
    long[] p = pages[page];
    if (p == null) {
      synchronized (pages) {
        p = pages[page];
        if (p == null) {
          p = new long[PAGE_WORDS];
          pages[page] = p;
        }
      }
    }
    return p;
  }

  /** Marks bytes as written. */
  public void markWritten(int offset, int bytes) {
    if (written.length > 0) {
      if (bytes == 4) {
        INTS.set(written, offset, ALL_WRITTEN);
      } else {
        Arrays.fill(written, offset, offset + bytes, (byte) 1);
      }
    }
  }

  private boolean allWritten(int offset, int bytes) {
    if ((bytes & 3) != 0) {
      return false;
    }
    for (int i = offset; i < offset + bytes; i += 4) {
      if ((int) INTS.get(written, i) != ALL_WRITTEN) {
        return false;
      }
    }
    return true;
  }

  /** Copies whether bytes were written along with them. */
  public void copyWritten(int offset, Allocation from, int fromOffset, int bytes) {
    if (written.length > 0 && from.written.length > 0) {
      System.arraycopy(from.written, fromOffset, written, offset, bytes);
    }
  }

  /** Returns the offset of the first unwritten byte in the range, or −1. */
  public int firstUnwritten(int offset, int bytes) {
    if (written.length > 0) {
      if (allWritten(offset, bytes)) {
        return -1;
      }
      for (int i = offset; i < offset + bytes; i++) {
        if (written[i] == 0) {
          return i;
        }
      }
    }
    return -1;
  }

  /** Forgets who accessed what. */
  void forgetAccesses() {
    Arrays.fill(writers, null);
    Arrays.fill(readers, null);
  }

  @Override
  public String toString() {
    String what = name == null ? "allocation" : "variable " + name;
    return String.format("%s of %d bytes at 0x%x%s", what, size, base, freed ? " (freed)" : "");
  }
}
