package org.touchstone.backends.cuda.sim.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Shadow state of a block's shared memory: per byte whether it was written or an asynchronous copy
 * is in flight, per word the last writer and the readers since.
 *
 * <p>Confined to the thread that runs the block.
 */
public final class SharedShadow {
  /** A byte that nothing wrote. */
  public static final byte UNINITIALISED = 0;

  /** A byte that was written. */
  public static final byte WRITTEN = 1;

  /** A byte that a pending asynchronous copy will write. */
  public static final byte IN_FLIGHT = 2;

  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final int ALL_WRITTEN = 0x01010101;

  private final byte[] state;

  /** Epoch 32 bits, warp 8, unused, atomic at bit 4, bytes in the low 4. */
  private final long[] writers;

  /** Readers' warps in the high 32 bits, epoch 28, bytes 4. */
  private final long[] readers;

  /** Creates the state for so many bytes. */
  public SharedShadow(int bytes) {
    this.state = new byte[bytes];
    this.writers = new long[bytes / 4 + 1];
    this.readers = new long[bytes / 4 + 1];
  }

  /** Says whether whole words all have a state. */
  private boolean uniform(int offset, int n, int states) {
    if ((n & 3) != 0) {
      return false;
    }
    for (int i = offset; i < offset + n; i += 4) {
      if ((int) INTS.get(state, i) != states) {
        return false;
      }
    }
    return true;
  }

  /** Begins another block. Old accesses need no clearing: their epochs are known to all. */
  public void begin() {
    Arrays.fill(state, UNINITIALISED);
  }

  /** Returns the offset of the first byte that may not be read, or −1. */
  public int firstUnreadable(int offset, int n) {
    if (uniform(offset, n, ALL_WRITTEN)) {
      return -1;
    }
    for (int i = offset; i < offset + n; i++) {
      if (state[i] != WRITTEN) {
        return i;
      }
    }
    return -1;
  }

  /** Returns the offset of the first byte that an asynchronous copy is about to write, or −1. */
  public int firstInFlight(int offset, int n) {
    if (uniform(offset, n, ALL_WRITTEN) || uniform(offset, n, 0)) {
      return -1;
    }
    for (int i = offset; i < offset + n; i++) {
      if (state[i] == IN_FLIGHT) {
        return i;
      }
    }
    return -1;
  }

  /** Says whether a byte waits for an asynchronous copy. */
  public boolean inFlight(int offset) {
    return state[offset] == IN_FLIGHT;
  }

  /** Sets the state of bytes. */
  public void mark(int offset, int n, byte value) {
    if ((n & 3) == 0) {
      for (int i = offset; i < offset + n; i += 4) {
        INTS.set(state, i, value * ALL_WRITTEN);
      }
    } else {
      Arrays.fill(state, offset, offset + n, value);
    }
  }

  /**
   * Says whether this warp has read all the words since it last met a barrier and since anyone
   * wrote them: then there is nothing to be checked.
   */
  public boolean readBefore(int offset, int n, Actor me) {
    long want = me.wordRead;
    long mask = me.wordReadMask;
    int last = (offset + n - 1) >> 2;
    for (int word = offset >> 2; word <= last; word++) {
      if ((readers[word] & mask) != want) {
        return false;
      }
    }
    return true;
  }

  /** Notes a read, and returns what it races with, or null; two atomic accesses never race. */
  public @Nullable String read(int offset, int n, Actor me, boolean atomic) {
    int last = offset + n - 1;
    long own = 1L << (32 + me.warp);
    for (int word = offset >> 2; word <= last >> 2; word++) {
      int bytes = bytes(word, offset, last);
      long w = writers[word];
      if (isUnordered(w, bytes, me, atomic)) {
        return "a read after a write by warp " + writer(w);
      }
      if (atomic) {
        continue;
      }
      long r = readers[word];
      long now = own | (long) (me.epoch & 0xfffffff) << 4 | bytes;
      if (r == now) {
        continue;
      }
      int epoch = (int) (r >>> 4) & 0xfffffff;
      int others = (int) (r >>> 32) & ~(1 << me.warp);
      long kept = 0;
      while (others != 0) {
        int v = Integer.numberOfTrailingZeros(others);
        others &= others - 1;
        if (!me.knows(v, epoch)) {
          kept |= 1L << (32 + v);
        }
      }
      // With other readers kept, the record holds the earliest epoch and the bytes that all have
      // read: it may miss a race, never invent one.
      long e = kept != 0 ? Math.min(epoch, me.epoch) : me.epoch;
      boolean again = kept == 0 && epoch == me.epoch && (r & own) != 0;
      long read = kept != 0 ? r & bytes : again ? (r & 0xf) | bytes : bytes;
      readers[word] = own | kept | e << 4 | read;
    }
    return null;
  }

  /** Notes a write; returns what it races with, or null. */
  public @Nullable String write(int offset, int n, Actor me, boolean atomic) {
    int last = offset + n - 1;
    for (int word = offset >> 2; word <= last >> 2; word++) {
      int bytes = bytes(word, offset, last);
      long w = writers[word];
      if (isUnordered(w, bytes, me, atomic)) {
        return "a write after a write by warp " + writer(w);
      }
      long r = readers[word];
      int others = (int) (r >>> 32) & ~(1 << me.warp);
      if (others != 0 && (r & bytes) != 0) {
        int epoch = (int) (r >>> 4) & 0xfffffff;
        while (others != 0) {
          int v = Integer.numberOfTrailingZeros(others);
          others &= others - 1;
          if (!me.knows(v, epoch)) {
            return "a write after a read by warp " + v;
          }
        }
      }
      // Whoever is ordered after this write is ordered after the reads before it.
      readers[word] = 0;
      long kept = writer(w) == me.warp ? w & 0xf : 0;
      writers[word] =
          (long) me.epoch << 32 | (long) me.warp << 24 | kept | bytes | (atomic ? 16 : 0);
    }
    return null;
  }

  private static int writer(long written) {
    return (int) (written >>> 24) & 0xff;
  }

  /** Says whether bytes were written last by a warp that nothing orders before this access. */
  private static boolean isUnordered(long written, int bytes, Actor me, boolean atomic) {
    return (written & bytes) != 0
        && writer(written) != me.warp
        && !me.knows(writer(written), (int) (written >>> 32))
        && !(atomic && (written & 16) != 0);
  }

  private static int bytes(int word, int first, int last) {
    int from = Math.max(first - word * 4, 0);
    int to = Math.min(last - word * 4, 3);
    return (0xf >> (3 - to)) & (0xf << from);
  }
}
