package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.backends.cpu.micro.AttentionTile;
import org.touchstone.backends.spi.DeviceMemory;

/**
 * Cuts the keys of long sequences into splits that tasks attend over separately, and keeps their
 * partial results. A cut depends on the sequence's own length alone, so neither threads nor the
 * rest of the batch change a bit.
 */
final class KeySplits {
  /** Keys of a split, at least: fewer are not worth a merge. */
  private static final long SHORTEST = 512;

  /** Splits of a sequence, at most. */
  private static final long MOST = 32;

  private final MemorySegment memory;
  private final long base;
  private final long longest;
  private final int most;
  private final long valueDim;

  private KeySplits(MemorySegment memory, long base, long capacity, long valueDim) {
    this.memory = memory;
    this.base = base;
    this.longest = length(capacity);
    this.most = most(capacity);
    this.valueDim = valueDim;
  }

  /**
   * Prepares for sequences of at most {@code capacity} keys.
   *
   * @param workspace holds {@link #workspaceBytes} from {@code base} on
   */
  static KeySplits of(DeviceMemory workspace, long base, long capacity, long valueDim) {
    return new KeySplits(workspace.host().orElse(MemorySegment.NULL), base, capacity, valueDim);
  }

  /** Returns the memory for the partial results of {@code rows} rows; 0 for short sequences. */
  static long workspaceBytes(long rows, long capacity, long valueDim) {
    int splits = most(capacity);
    return splits == 1 ? 0 : rows * splits * AttentionTile.partialFloats(valueDim) * Float.BYTES;
  }

  private static long length(long keys) {
    return Math.max(SHORTEST, Math.ceilDiv(keys, MOST * AttentionTile.KEYS) * AttentionTile.KEYS);
  }

  private static int most(long capacity) {
    return (int) Math.clamp(Math.ceilDiv(capacity, SHORTEST), 1, MOST);
  }

  /** Returns the largest number of splits of a sequence. */
  int most() {
    return most;
  }

  /** Returns the keys of a split of the longest possible sequence. */
  long longest() {
    return longest;
  }

  /** Returns the splits of a sequence, at least 1. */
  int count(long keys) {
    return (int) Math.max(1, Math.ceilDiv(keys, length(keys)));
  }

  /** Returns the first key of a split; for the number of splits, the end of the last. */
  long first(long keys, long split) {
    return Math.min(keys, split * length(keys));
  }

  private long offset(long row) {
    return base + row * most * AttentionTile.partialFloats(valueDim) * Float.BYTES;
  }

  /** Keeps the partial result of a row. */
  void store(AttentionTile tile, int tileRow, long row, long split) {
    long at = offset(row) + split * AttentionTile.partialFloats(valueDim) * Float.BYTES;
    tile.store(tileRow, memory, at);
  }

  /** Merges the partial results of a row into row 0 of the calling thread's tile. */
  AttentionTile merge(long row, int count, Engine engine) {
    AttentionTile tile = engine.kernels().attentionTile(1, valueDim, AttentionTile.Values.SEPARATE);
    tile.merge(tile.add(0, 0), memory, offset(row), count);
    return tile;
  }
}
