package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/** Element types and scale granularity of a matrix product's operands. */
public enum GemmOperands {
  /** FP32 operands, no scales. */
  F32(DType.F32, Op.GEMM_FP32),
  /** BF16 operands, no scales. */
  BF16(DType.BF16, Op.GEMM_BF16),
  /** E4M3FN operands, one FP32 scale for A and one for B. */
  FP8_TENSOR(DType.E4M3FN, Op.GEMM_FP8_TENSOR),
  /** E4M3FN operands, an FP32 scale per row of A and per row of B. */
  FP8_CHANNEL(DType.E4M3FN, Op.GEMM_FP8_CHANNEL),
  /** E4M3FN operands, an FP32 scale per 1 x 128 of A and per 128 x 128 of B. */
  FP8_BLOCK(DType.E4M3FN, Op.GEMM_FP8_BLOCK);

  /** Edge of a scale block of {@link #FP8_BLOCK}. */
  public static final int BLOCK = 128;

  private final DType dtype;
  private final Op op;

  GemmOperands(DType dtype, Op op) {
    this.dtype = dtype;
    this.op = op;
  }

  /** Returns the element type of both operands. */
  public DType dtype() {
    return dtype;
  }

  /** Returns the operator of the dense product. */
  public Op op() {
    return op;
  }

  /** Returns whether the operands have scales. */
  public boolean scaled() {
    return dtype == DType.E4M3FN;
  }

  /** Returns the extents of A's scales for {@code rows} rows of {@code k} elements. */
  Dim[] scaleOfA(Dim rows, long k) {
    return switch (this) {
      case F32, BF16 -> new Dim[0];
      case FP8_TENSOR -> new Dim[] {Dim.of(1)};
      case FP8_CHANNEL -> new Dim[] {rows};
      case FP8_BLOCK -> new Dim[] {rows, Dim.of(Math.ceilDiv(k, BLOCK))};
    };
  }

  /** Returns the extents of B's scales. */
  Dim[] scaleOfB(long n, long k) {
    return switch (this) {
      case F32, BF16 -> new Dim[0];
      case FP8_TENSOR -> new Dim[] {Dim.of(1)};
      case FP8_CHANNEL -> new Dim[] {Dim.of(n)};
      case FP8_BLOCK -> new Dim[] {Dim.of(Math.ceilDiv(n, BLOCK)), Dim.of(Math.ceilDiv(k, BLOCK))};
    };
  }
}
