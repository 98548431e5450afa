package org.touchstone.backends.cuda.sim.memory;

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

  /** Begins another block. Old accesses need no clearing: their epochs are known to all. */
  public void begin() {
    Arrays.fill(state, UNINITIALISED);
  }

  /** Returns the offset of the first byte that may not be read, or −1. */
  public int firstUnreadable(int offset, int n) {
    for (int i = offset; i < offset + n; i++) {
      if (state[i] != WRITTEN) {
        return i;
      }
    }
    return -1;
  }

  /** Returns the offset of the first byte that an asynchronous copy is about to write, or −1. */
  public int firstInFlight(int offset, int n) {
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
    if (n == 4) {
      state[offset] = value;
      state[offset + 1] = value;
      state[offset + 2] = value;
      state[offset + 3] = value;
    } else {
      Arrays.fill(state, offset, offset + n, value);
    }
  }

  /** Notes a read; returns what it races with, or null. */
  public @Nullable String read(int offset, int n, Actor me) {
    return read(offset, n, me, false);
  }

  /** Notes a read; two atomic accesses never race. */
  public @Nullable String read(int offset, int n, Actor me, boolean atomic) {
    int last = offset + n - 1;
    long own = 1L << (32 + me.warp);
    for (int word = offset >> 2; word <= last >> 2; word++) {
      int bytes = bytes(word, offset, last);
      long w = writers[word];
      int writer = (int) (w >>> 24) & 0xff;
      if ((w & bytes) != 0
          && writer != me.warp
          && !me.knows(writer, (int) (w >>> 32))
          && !(atomic && (w & 16) != 0)) {
        return "a read after a write by warp " + writer;
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
      // With other readers kept, the record holds the earliest epoch: it may miss a race, never
      // invent one.
      long e = kept != 0 ? Math.min(epoch, me.epoch) : me.epoch;
      long keptBytes = kept != 0 || epoch == me.epoch ? r & 0xf : 0;
      readers[word] = own | kept | e << 4 | keptBytes | bytes;
    }
    return null;
  }

  /** Notes a write; returns what it races with, or null. */
  public @Nullable String write(int offset, int n, Actor me, boolean atomic) {
    int last = offset + n - 1;
    for (int word = offset >> 2; word <= last >> 2; word++) {
      int bytes = bytes(word, offset, last);
      long w = writers[word];
      int writer = (int) (w >>> 24) & 0xff;
      if ((w & bytes) != 0
          && writer != me.warp
          && !me.knows(writer, (int) (w >>> 32))
          && !(atomic && (w & 16) != 0)) {
        return "a write after a write by warp " + writer;
      }
      long r = readers[word];
      int others = (int) (r >>> 32) & ~(1 << me.warp);
      if (others != 0 && (r & bytes) != 0 && !atomic) {
        int epoch = (int) (r >>> 4) & 0xfffffff;
        while (others != 0) {
          int v = Integer.numberOfTrailingZeros(others);
          others &= others - 1;
          if (!me.knows(v, epoch)) {
            return "a write after a read by warp " + v;
          }
        }
      }
      long kept = writer == me.warp ? w & 0xf : 0;
      writers[word] =
          (long) me.epoch << 32 | (long) me.warp << 24 | kept | bytes | (atomic ? 16 : 0);
    }
    return null;
  }

  private static int bytes(int word, int first, int last) {
    int from = Math.max(first - word * 4, 0);
    int to = Math.min(last - word * 4, 3);
    return (0xf >> (3 - to)) & (0xf << from);
  }
}
