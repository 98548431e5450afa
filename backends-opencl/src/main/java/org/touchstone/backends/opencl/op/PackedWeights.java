package org.touchstone.backends.opencl.op;

import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;

/**
 * The layout in which the cpu variant reads weights: panels of 64 columns, term by term, {@code
 * [experts, ceil(n / 64), k, 64]}, and behind them a byte per column for E4M3FN, 1 when the column
 * holds a NaN. Elements keep their bits.
 */
public final class PackedWeights {
  /** Name of the layout. */
  public static final Layout LAYOUT = new Layout("opencl.n64");

  private static final int PANEL = 64;

  private PackedWeights() {}

  /** Returns the layout that a device reads fastest. */
  static Layout preferred(Target target) {
    return target.isCpu() ? LAYOUT : Layout.PLAIN;
  }

  /** Returns whether a device reads a layout. */
  static boolean reads(Target target, Layout layout) {
    return layout.plain() || (target.isCpu() && layout.equals(LAYOUT));
  }

  /** Returns the bytes that a weight takes. */
  public static long bytes(Tensor weight) {
    int rank = weight.shape().rank();
    if (rank < 2 || rank > 3 || weight.dtype().bits() < Byte.SIZE) {
      throw new HalException(
          ErrorCode.LAYOUT,
          LAYOUT + " holds weights [n, k] or [experts, n, k] of whole bytes, not " + weight);
    }
    return marks(weight) + (weight.dtype() == DType.E4M3FN ? experts(weight) * columns(weight) : 0);
  }

  /** Gives the panels to a product: elements per expert, and the byte at which the marks begin. */
  static Rows rows(Tensor weight) {
    return Rows.of(weight, columns(weight) * weight.dim(-1), marks(weight));
  }

  private static long marks(Tensor weight) {
    return Math.multiplyExact(
        experts(weight) * columns(weight), weight.dtype().bytesFor(weight.dim(-1)));
  }

  private static long experts(Tensor weight) {
    return weight.shape().rank() == 3 ? weight.dim(0) : 1;
  }

  private static long columns(Tensor weight) {
    return Math.ceilDiv(weight.dim(-2), (long) PANEL) * PANEL;
  }

  /** Which way elements move. */
  public enum Direction {
    /** From a dense tensor into panels. */
    PACK,
    /** Back. */
    UNPACK
  }

  /** Moves every element and waits. */
  public static void move(
      Target target, BackendQueue queue, Tensor plain, Tensor packed, Direction direction) {
    if (plain.shape().elements() == 0) {
      return;
    }
    try (OpenClKernel kernel = target.kernel("packing.cl", "pack")) {
      kernel
          .launch()
          .tensor(plain)
          .tensor(packed)
          .i32(plain.dtype().bits() / Byte.SIZE)
          .i32(direction == Direction.UNPACK ? 1 : 0)
          .i64(plain.dim(-2))
          .i64(plain.dim(-1))
          .run(queue, columns(plain) / PANEL, 1, experts(plain));
      queue.record().await();
    }
  }
}
