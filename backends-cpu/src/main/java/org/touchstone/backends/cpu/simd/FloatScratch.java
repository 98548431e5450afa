package org.touchstone.backends.cpu.simd;

/** Growing FP32 arrays of the calling thread for one operand block and its product. */
final class FloatScratch {
  private static final ThreadLocal<FloatScratch> SCRATCH =
      ThreadLocal.withInitial(FloatScratch::new);

  private float[] rows = new float[0];
  private float[] block = new float[0];
  private float[] product = new float[0];
  private final float[] sums = new float[AttentionMath.SCRATCH];

  private FloatScratch() {}

  /** Returns the calling thread's arrays. */
  static FloatScratch current() {
    return SCRATCH.get();
  }

  /** Returns an array of at least {@code size} elements; content undefined. */
  float[] rows(int size) {
    rows = rows.length >= size ? rows : new float[size];
    return rows;
  }

  /** Returns an array of at least {@code size} elements; content undefined. */
  float[] block(int size) {
    block = block.length >= size ? block : new float[size];
    return block;
  }

  /** Returns an array of at least {@code size} elements; content undefined. */
  float[] product(int size) {
    product = product.length >= size ? product : new float[size];
    return product;
  }

  /** Returns {@link AttentionMath#SCRATCH} elements; content undefined. */
  float[] sums() {
    return sums;
  }
}
