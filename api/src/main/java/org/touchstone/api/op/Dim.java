package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * An extent of a slot: {@code ceil(factor * symbol / divisor) + offset}, or a constant. A symbol
 * takes its value from the first tensor that holds it undivided; every other tensor must agree.
 *
 * @param symbol name of the launch-time size, or null for a constant
 * @param factor multiplier of the symbol, at least 1
 * @param divisor block size of a scale tensor, otherwise 1
 * @param offset constant part
 */
public record Dim(@Nullable String symbol, long factor, long divisor, long offset) {
  /** A constant extent. */
  public static Dim of(long extent) {
    return new Dim(null, 1, 1, extent);
  }

  /** A launch-time extent. */
  public static Dim of(String symbol) {
    return new Dim(symbol, 1, 1, 0);
  }

  /** Returns this extent plus a constant. */
  public Dim plus(long constant) {
    return new Dim(symbol, factor, divisor, offset + constant);
  }

  /**
   * Returns this extent times a constant.
   *
   * @throws HalException INTERNAL for a number of blocks, which times a constant is no {@code Dim}
   */
  public Dim times(long constant) {
    if (divisor != 1) {
      throw inexpressible("times " + constant);
    }
    return new Dim(symbol, factor * constant, divisor, offset * constant);
  }

  /**
   * Returns the number of blocks of the given size that cover this extent.
   *
   * @throws HalException INTERNAL for a symbol plus a constant that is no whole number of blocks
   */
  public Dim ceilDiv(long block) {
    if (symbol == null) {
      return of(Math.ceilDiv(offset, block));
    }
    if (offset % block != 0) {
      throw inexpressible("in blocks of " + block);
    }
    return new Dim(symbol, factor, divisor * block, offset / block);
  }

  private HalException inexpressible(String operation) {
    return new HalException(
        ErrorCode.INTERNAL,
        this + " " + operation + " is not of the form ceil(factor * symbol / divisor) + offset");
  }

  /** Returns the extent for a value of the symbol. */
  public long extent(long value) {
    if (symbol == null) {
      return offset;
    }
    try {
      return Math.addExact(Math.ceilDiv(Math.multiplyExact(value, factor), divisor), offset);
    } catch (ArithmeticException e) {
      throw new HalException(
          ErrorCode.SIZE_OVERFLOW,
          this + " with " + symbol + " = " + value + " is larger than 2^63-1",
          null,
          null,
          "launch fewer at a time",
          e);
    }
  }

  @Override
  public String toString() {
    if (symbol == null) {
      return Long.toString(offset);
    }
    String text = factor == 1 ? symbol : factor + "*" + symbol;
    text = divisor == 1 ? text : "ceil(" + text + "/" + divisor + ")";
    return offset == 0 ? text : text + "+" + offset;
  }
}
