package org.touchstone.backends.cpu.micro;

import org.touchstone.api.Layout;
import org.touchstone.api.format.DType;

/**
 * The layout in which native kernels read weights fastest: blocks of 64 rows by 128 elements, each
 * in the order in which registers take it, padded with zeros at the ends. A weight keeps its bytes
 * per element.
 */
public final class PackedWeights {
  /** The layout's name. */
  public static final Layout LAYOUT = new Layout("cpu.n64k128");

  /** Rows of a block. */
  public static final int ROWS = 64;

  private PackedWeights() {}

  /** Returns whether weights of a type can be packed. */
  public static boolean accepts(DType dtype) {
    return dtype == DType.F32 || dtype == DType.BF16 || dtype == DType.E4M3FN;
  }

  /** Returns the bytes of a packed weight [N, K]. */
  public static long bytes(DType dtype, long n, long k) {
    return Math.ceilDiv(n, ROWS)
        * ROWS
        * Math.ceilDiv(k, Weight.BLOCK)
        * Weight.BLOCK
        * (dtype.bits() / Byte.SIZE);
  }
}
