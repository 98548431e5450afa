package org.touchstone.backends.cpu.simd;

import java.util.Arrays;
import org.touchstone.api.format.DType;

/**
 * Scratch of one thread: a few FP32 arrays of fixed size. Rows go through them strip by strip, so
 * kernels run on whole vectors and touch memory once per pass. The arrays are a multiple of every
 * vector length, so a kernel may compute beyond the elements that count.
 */
final class Strip {
  /** Elements of an array. */
  static final int LENGTH = 2048;

  private static final ThreadLocal<Strip> MINE = ThreadLocal.withInitial(Strip::new);

  final float[] a = new float[LENGTH];
  final float[] b = new float[LENGTH];
  final float[] c = new float[LENGTH];
  final float[] d = new float[LENGTH];

  private Strip() {}

  /** Returns the calling thread's arrays; their content is undefined. */
  static Strip mine() {
    return MINE.get();
  }

  /** Returns how many elements of a row the strip from {@code element} on has. */
  static int count(long rowLength, long element) {
    return (int) Math.min(LENGTH, rowLength - element);
  }

  /** Zeroes what a whole number of vectors may read behind the elements that count. */
  static void clearTail(float[] x, int count, int multiple) {
    Arrays.fill(x, count, Math.min(LENGTH, Math.ceilDiv(count, multiple) * multiple), 0f);
  }

  /** Returns rows per task such that a task has about one strip of work. */
  static long rowsPerTask(long rowLength) {
    return Math.max(1, LENGTH / Math.max(1, rowLength));
  }

  /** Returns the size of an element in bytes. */
  static long bytes(DType dtype) {
    return dtype.bits() / Byte.SIZE;
  }
}
