package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Rotates pairs: {@code a' = a cos - b sin}, {@code b' = b cos + a sin} in FP32, rounded once.
 * Elements outside {@code offset .. offset + rotaryDim - 1} are copied.
 *
 * @param dtype element type of x and y: F32 or BF16
 * @param heads heads per token
 * @param headDim D
 * @param rotaryDim R, even, at most D
 * @param offset first rotated dimension
 * @param pairing which elements form pair i
 * @param direction INVERSE negates the sine
 */
public record RopeApplySpec(
    DType dtype,
    long heads,
    long headDim,
    long rotaryDim,
    long offset,
    Pairing pairing,
    Direction direction)
    implements OpSpec<RopeApplyArgs> {
  /** Which elements of the rotated part form pair i. */
  public enum Pairing {
    /** i and i + R/2: Llama, Qwen, GLM-4.5, gpt-oss. */
    NEOX,
    /** 2i and 2i + 1: DeepSeek MLA, Kimi, GLM-5. */
    GPTJ
  }

  /** Which way to rotate. */
  public enum Direction {
    /** By the angle. */
    FORWARD,
    /** By the negative angle. */
    INVERSE
  }

  /** Checks types and ranges. */
  public RopeApplySpec {
    Op op = Op.ROPE_APPLY;
    Require.oneOf(op, "dtype", dtype, DType.F32, DType.BF16);
    Require.positive(op, "heads", heads);
    Require.positive(op, "headDim", headDim);
    Require.positive(op, "rotaryDim", rotaryDim);
    Require.multiple(op, "rotaryDim", rotaryDim, "pair size", 2);
    Require.notNegative(op, "offset", offset);
    Require.that(
        offset + rotaryDim <= headDim,
        op,
        "offset " + offset + " + rotaryDim " + rotaryDim + " exceed headDim " + headDim);
  }

  /** Rotates the first {@code rotaryDim} elements of each head forward. */
  public static RopeApplySpec of(
      DType dtype, long heads, long headDim, long rotaryDim, Pairing pairing) {
    return new RopeApplySpec(dtype, heads, headDim, rotaryDim, 0, pairing, Direction.FORWARD);
  }

  @Override
  public Op op() {
    return Op.ROPE_APPLY;
  }

  @Override
  public Class<RopeApplyArgs> argsType() {
    return RopeApplyArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("T");
    return Signature.of(op())
        .in("x", dtype, rows, Dim.of(heads), Dim.of(headDim))
        .in("cos", DType.F32, rows, Dim.of(rotaryDim / 2))
        .in("sin", DType.F32, rows, Dim.of(rotaryDim / 2))
        .out("y", dtype, rows, Dim.of(heads), Dim.of(headDim))
        .mayBe("x")
        .build();
  }
}
