package org.touchstone.api.op;

import org.touchstone.api.Layout;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;

/**
 * Multiplies by a transposed weight: {@code C[m,n] = sum_k A[m,k] B[n,k] (+ bias[n]) (+ C[m,n])},
 * accumulated in FP32 and rounded once.
 *
 * <p>Scales: FP8_TENSOR {@code sA sB}; FP8_CHANNEL {@code sA[m] sB[n]}; FP8_BLOCK {@code sA[m,kb]
 * sB[n/128,kb]} applied to the partial sum of each 128-block kb. K = 0 gives bias, or C + bias when
 * accumulating. Source: DeepSeek-V3 {@code inference/kernel.py}, DeepGEMM.
 *
 * @param operands element types and scales
 * @param n rows of B
 * @param k row length of A and B
 * @param output F32 or BF16
 * @param bias whether an FP32 bias is added
 * @param accumulation whether C is added to; needs an F32 output
 * @param weightLayout layout of B
 * @param numerics weakest accepted numerics
 */
public record GemmSpec(
    GemmOperands operands,
    long n,
    long k,
    DType output,
    Bias bias,
    Accumulation accumulation,
    Layout weightLayout,
    Numerics numerics)
    implements OpSpec<GemmArgs> {
  /** Whether a bias is added. */
  public enum Bias {
    /** No bias. */
    NONE,
    /** One FP32 value per column of C. */
    PER_COLUMN
  }

  /** Whether the previous C counts. */
  public enum Accumulation {
    /** C is overwritten. */
    OVERWRITE,
    /** The product is added to C. */
    ADD_TO_C
  }

  /** Checks types and ranges. */
  public GemmSpec {
    Require.positive(operands.op(), "n", n);
    Require.notNegative(operands.op(), "k", k);
    Require.oneOf(operands.op(), "output", output, DType.F32, DType.BF16);
    Require.that(
        accumulation == Accumulation.OVERWRITE || output == DType.F32,
        operands.op(),
        "accumulating into C needs an F32 output, not " + output);
  }

  /** Specifies a plain product. */
  public static GemmSpec of(GemmOperands operands, long n, long k, DType output) {
    return new GemmSpec(
        operands, n, k, output, Bias.NONE, Accumulation.OVERWRITE, Layout.PLAIN, Numerics.STANDARD);
  }

  /** Returns this spec with a bias. */
  public GemmSpec withBias() {
    return new GemmSpec(
        operands, n, k, output, Bias.PER_COLUMN, accumulation, weightLayout, numerics);
  }

  /** Returns this spec adding to C. */
  public GemmSpec addingToC() {
    return new GemmSpec(
        operands, n, k, output, bias, Accumulation.ADD_TO_C, weightLayout, numerics);
  }

  /** Returns this spec with another layout of B. */
  public GemmSpec withWeightLayout(Layout layout) {
    return new GemmSpec(operands, n, k, output, bias, accumulation, layout, numerics);
  }

  /** Returns this spec with other accepted numerics. */
  public GemmSpec withNumerics(Numerics accepted) {
    return new GemmSpec(operands, n, k, output, bias, accumulation, weightLayout, accepted);
  }

  @Override
  public Op op() {
    return operands.op();
  }

  @Override
  public Class<GemmArgs> argsType() {
    return GemmArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("M");
    Signature.Builder builder =
        Signature.of(op())
            .in("a", operands.dtype(), rows, Dim.of(k))
            .in("b", operands.dtype(), Dim.of(n), Dim.of(k))
            .layout(weightLayout)
            .inIf(operands.scaled(), "scaleA", DType.F32, operands.scaleOfA(rows, k))
            .inIf(operands.scaled(), "scaleB", DType.F32, operands.scaleOfB(n, k))
            .dense()
            .inIf(bias == Bias.PER_COLUMN, "bias", DType.F32, Dim.of(n));
    return accumulation == Accumulation.ADD_TO_C
        ? builder.inOut("c", output, rows, Dim.of(n)).build()
        : builder.out("c", output, rows, Dim.of(n)).build();
  }
}
