package org.touchstone.backends.cuda.sim.memory;

import org.jspecify.annotations.Nullable;

/**
 * Finds unordered accesses to words of global memory.
 *
 * <p>A word's last writer and a reader since are packed into a long each: launch 16 bits, block 22,
 * warp 5, epoch 16, bytes 4, flag 1 (the writer was atomic; there are readers in several blocks).
 * Blocks run on several threads: each record is one long, so a lost update loses a report at worst.
 */
public final class GlobalShadow {
  static final int MAX_EPOCH = 0xffff;
  static final int MAX_BLOCK = (1 << 22) - 1;
  private static final long FLAG = 1;
  private static final long WHO = -1L << 21;

  private GlobalShadow() {}

  /** Returns a warp's record without bytes. */
  static long record(Actor a) {
    return (long) a.block.launch << 48
        | (long) a.block.block << 26
        | (long) a.warp << 21
        | (long) a.relativeEpoch() << 5;
  }

  /** Returns the bytes of a word that an access from first to last byte offset touches. */
  private static int bytes(int word, int first, int last) {
    int from = Math.max(first - word * 4, 0);
    int to = Math.min(last - word * 4, 3);
    return (0xf >> (3 - to)) & (0xf << from);
  }

  /**
   * Notes a read. Atomic ones are compared with writes but not remembered: what reads atomically
   * also writes, or polls.
   *
   * @return what it races with, or null
   */
  public static @Nullable String read(Allocation a, int offset, int n, Actor me, boolean atomic) {
    int last = offset + n - 1;
    for (int word = offset >> 2; word <= last >> 2; word++) {
      int bytes = bytes(word, offset, last);
      long mine = me.globalRecord | (long) bytes << 1;
      long writer = a.writers(word)[word & 4095];
      if (writer != 0 && ((writer ^ mine) & WHO) != 0 && unordered(writer, bytes, me, atomic)) {
        return "a read after a write by " + describe(writer, me);
      }
      if (atomic) {
        continue;
      }
      long[] readers = a.readers(word);
      long reader = readers[word & 4095];
      if (reader == mine) {
        continue;
      }
      if (((reader ^ mine) & WHO) == 0) {
        mine |= reader & (0xf << 1 | FLAG);
      } else if (reader >>> 48 == me.block.launch
          && (reader >>> 26 & MAX_BLOCK) != me.block.block
          && (reader >>> 1 & bytes) != 0) {
        mine |= FLAG;
      }
      readers[word & 4095] = mine;
    }
    return null;
  }

  /**
   * Notes a write.
   *
   * @return what it races with, or null
   */
  public static @Nullable String write(Allocation a, int offset, int n, Actor me, boolean atomic) {
    int last = offset + n - 1;
    for (int word = offset >> 2; word <= last >> 2; word++) {
      int bytes = bytes(word, offset, last);
      long mine = me.globalRecord | (long) bytes << 1 | (atomic ? FLAG : 0);
      long[] writers = a.writers(word);
      long writer = writers[word & 4095];
      if (writer != 0 && ((writer ^ mine) & WHO) != 0 && unordered(writer, bytes, me, atomic)) {
        return "a write after a write by " + describe(writer, me);
      }
      long reader = a.readers(word)[word & 4095];
      if (reader != 0) {
        boolean several =
            (reader & FLAG) != 0 && reader >>> 48 == me.block.launch && !me.block.knowsOthers();
        if ((several && (reader >>> 1 & bytes) != 0)
            || (((reader ^ mine) & WHO) != 0 && unordered(reader & ~FLAG, bytes, me, false))) {
          return "a write after a read by " + describe(reader, me);
        }
      }
      if (((writer ^ mine) & WHO) == 0) {
        mine |= writer & 0xf << 1;
      }
      writers[word & 4095] = mine;
    }
    return null;
  }

  private static boolean unordered(long other, int bytes, Actor me, boolean atomic) {
    if ((other >>> 1 & bytes) == 0 || (atomic && (other & FLAG) != 0)) {
      return false;
    }
    int launch = (int) (other >>> 48);
    int warp = (int) (other >>> 21) & 31;
    int epoch = (int) (other >>> 5) & MAX_EPOCH;
    if (launch != me.block.launch) {
      return afterOtherLaunch(launch, me);
    }
    int block = (int) (other >>> 26) & MAX_BLOCK;
    if (block == me.block.block) {
      return !me.knowsRelative(warp, epoch);
    }
    return !me.block.knows(block, warp, epoch);
  }

  private static boolean afterOtherLaunch(int launch, Actor me) {
    int[] ordered = me.block.ordered;
    if (ordered[launch & (ordered.length - 1)] == launch) {
      return false;
    }
    LaunchOrder order = me.order();
    if (order == null || order.happenedBefore(launch)) {
      ordered[launch & (ordered.length - 1)] = launch;
      return false;
    }
    return true;
  }

  /** Says whether a racing record came from another launch or copy. */
  private static String describe(long record, Actor me) {
    int launch = (int) (record >>> 48);
    int warp = (int) (record >>> 21) & 31;
    int block = (int) (record >>> 26) & MAX_BLOCK;
    if (launch != me.block.launch) {
      return STREAM + launch;
    }
    return "warp " + warp + (block == me.block.block ? " of this block" : " of block " + block);
  }

  /** How a description begins where the other access belongs to another launch or copy. */
  public static final String STREAM = "unsynchronised work of another stream, number ";

  /** Notes a copy or fill by the host or a stream; the same rules as for a kernel's accesses. */
  public static @Nullable String copy(Allocation a, long offset, long n, Actor me, boolean writes) {
    for (long at = offset; at < offset + n; at += 4) {
      int bytes = (int) Math.min(4 - (at & 3), offset + n - at);
      String race =
          writes ? write(a, (int) at, bytes, me, false) : read(a, (int) at, bytes, me, false);
      if (race != null) {
        return race;
      }
      at -= at & 3;
    }
    return null;
  }
}
