package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Computes cosine and sine of {@code position * f_i} for i = 0 .. R/2-1, times the scaling's
 * attention factor. The product is exact to FP32 rounding of the result for every I32 position;
 * frequencies are FP64.
 *
 * @param rotaryDim R, even
 * @param base base of the frequencies, for example 10000
 * @param scaling change of the frequencies
 */
public record RopeFreqsSpec(long rotaryDim, double base, RopeScaling scaling)
    implements OpSpec<RopeFreqsArgs> {
  /** Checks the ranges. */
  public RopeFreqsSpec {
    Require.positive(Op.ROPE_FREQS, "rotaryDim", rotaryDim);
    Require.multiple(Op.ROPE_FREQS, "rotaryDim", rotaryDim, "pair size", 2);
    Require.that(
        base > 1 && Double.isFinite(base),
        Op.ROPE_FREQS,
        "base is " + base + ", expected a number above 1");
    double factor =
        switch (scaling) {
          case RopeScaling.None none -> 1;
          case RopeScaling.Linear linear -> linear.factor();
          case RopeScaling.Llama3 llama3 -> llama3.factor();
          case RopeScaling.Yarn yarn -> yarn.factor();
        };
    Require.that(
        factor >= 1 && Double.isFinite(factor),
        Op.ROPE_FREQS,
        "scaling factor is " + factor + ", expected at least 1");
  }

  /** Returns the R/2 frequencies after scaling. */
  public double[] frequencies() {
    return RopeFrequencies.of(this);
  }

  /** Returns the multiplier of cosine and sine. */
  public double attentionFactor() {
    return scaling instanceof RopeScaling.Yarn yarn ? yarn.attentionFactor() : 1;
  }

  @Override
  public Op op() {
    return Op.ROPE_FREQS;
  }

  @Override
  public Class<RopeFreqsArgs> argsType() {
    return RopeFreqsArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("T");
    return Signature.of(op())
        .in("positions", DType.I32, rows)
        .out("cos", DType.F32, rows, Dim.of(rotaryDim / 2))
        .out("sin", DType.F32, rows, Dim.of(rotaryDim / 2))
        .build();
  }
}
