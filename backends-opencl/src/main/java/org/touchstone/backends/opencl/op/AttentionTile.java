package org.touchstone.backends.opencl.op;

import org.touchstone.backends.opencl.Size;
import org.touchstone.backends.opencl.Target;

/**
 * A tile of attention and the local memory that it takes.
 *
 * @param rows most rows
 * @param keys keys at a time
 * @param bytes local memory
 */
record AttentionTile(int rows, int keys, long bytes) {
  /** Keys that the gpu variant takes at a time, as the kernel defines them. */
  static final int GPU_KEYS = 32;

  /** Rows that the cpu variant multiplies at once. */
  private static final int ROW_STEP = 6;

  private static final int VECTOR = 16;

  /** Local memory that a tile of the cpu variant takes: with the keys, half of a usual cache. */
  private static final long CPU_BUDGET = 160 << 10;

  static AttentionTile of(Attention.Shape shape, Target target) {
    return target.isCpu() ? cpu(shape, target) : gpu(shape, target);
  }

  private static AttentionTile cpu(Attention.Shape shape, Target target) {
    long budget = Math.min(CPU_BUDGET, target.facts().localBytes());
    long pitch = padded(shape.first() + shape.second());
    long wide = padded(shape.value());
    long perKey = pitch + (shape.valueInKey() ? 0 : wide);
    int keys = target.tuning().value(Size.ATTENTION_KEYS);
    while (keys > VECTOR && 4L * keys * perKey > budget / 2) {
      keys /= 2;
    }
    // Query, scores, output; maximum, sum, factor and two bounds of the visible keys.
    long perRow = pitch + keys + wide + 5;
    long affordable = (budget - 4L * keys * perKey) / (4 * perRow) / ROW_STEP * ROW_STEP;
    int rows = Math.clamp(affordable, ROW_STEP, target.tuning().value(Size.ATTENTION_ROWS));
    return new AttentionTile(rows, keys, 4 * (keys * perKey + rows * perRow));
  }

  private static AttentionTile gpu(Attention.Shape shape, Target target) {
    // A work-item keeps the state of a row.
    int rows = Math.min(target.tuning().value(Size.ATTENTION_ROWS), target.rowGroup());
    while (rows > 1 && gpuBytes(shape, rows) > target.facts().localBytes()) {
      rows /= 2;
    }
    return new AttentionTile(rows, GPU_KEYS, gpuBytes(shape, rows));
  }

  private static long gpuBytes(Attention.Shape shape, int rows) {
    long perRow = shape.first() + shape.second() + shape.value() + GPU_KEYS + 4;
    return 4 * (rows * perRow + GPU_KEYS * (GPU_KEYS + 1)) + 8 * GPU_KEYS;
  }

  private static long padded(long extent) {
    return Math.ceilDiv(extent, (long) VECTOR) * VECTOR;
  }
}
