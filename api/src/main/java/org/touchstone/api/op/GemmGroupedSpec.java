package org.touchstone.api.op;

import java.util.Arrays;
import java.util.stream.Stream;
import org.touchstone.api.Layout;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;

/**
 * Multiplies groups of rows by the weight of their expert: a row r of expert e gives {@code C[r] =
 * A[r] B[e]^T}, with the arithmetic of {@link GemmSpec}. Rows that belong to no expert are never
 * read and their results are unspecified. Source: DeepGEMM.
 *
 * @param operands element types and scales; scales of B have a leading expert dimension, FP8_TENSOR
 *     has one scale of B per expert
 * @param grouping how rows are assigned to experts
 * @param experts E
 * @param n rows of each weight
 * @param k row length
 * @param alignment rows to which the start of each segment is aligned (CONTIGUOUS and PSUM),
 *     otherwise 1
 * @param output F32 or BF16
 * @param weightLayout layout of B
 * @param numerics weakest accepted numerics
 */
public record GemmGroupedSpec(
    GemmOperands operands,
    Grouping grouping,
    long experts,
    long n,
    long k,
    long alignment,
    DType output,
    Layout weightLayout,
    Numerics numerics)
    implements OpSpec<GemmGroupedArgs> {
  /** How rows are assigned to experts; the meaning of {@code groups}. */
  public enum Grouping {
    /**
     * {@code groups[P]} is the expert of each row, -1 for padding; an expert's rows are adjacent.
     */
    CONTIGUOUS,
    /**
     * {@code groups[E]} is the end of each segment; the next one starts at the end rounded up to
     * the alignment.
     */
    PSUM,
    /**
     * {@code groups[E + 1]} are offsets; expert e owns rows {@code groups[e]} to {@code groups[e +
     * 1] - 1}.
     */
    OFFSETS,
    /** A is [E, P, K]; {@code groups[E]} is the number of valid rows of each expert. */
    MASKED
  }

  /** Checks types and ranges. */
  public GemmGroupedSpec {
    Require.positive(Op.GEMM_GROUPED, "experts", experts);
    Require.positive(Op.GEMM_GROUPED, "n", n);
    Require.notNegative(Op.GEMM_GROUPED, "k", k);
    Require.positive(Op.GEMM_GROUPED, "alignment", alignment);
    Require.oneOf(Op.GEMM_GROUPED, "output", output, DType.F32, DType.BF16);
  }

  /** Specifies unaligned groups given by offsets. */
  public static GemmGroupedSpec of(
      GemmOperands operands, long experts, long n, long k, DType output) {
    return new GemmGroupedSpec(
        operands, Grouping.OFFSETS, experts, n, k, 1, output, Layout.PLAIN, Numerics.STANDARD);
  }

  /** Returns this spec with another grouping. */
  public GemmGroupedSpec withGrouping(Grouping other, long segmentAlignment) {
    return new GemmGroupedSpec(
        operands, other, experts, n, k, segmentAlignment, output, weightLayout, numerics);
  }

  /** Returns this spec with another layout of B. */
  public GemmGroupedSpec withWeightLayout(Layout layout) {
    return new GemmGroupedSpec(
        operands, grouping, experts, n, k, alignment, output, layout, numerics);
  }

  /** Returns this spec with other accepted numerics. */
  public GemmGroupedSpec withNumerics(Numerics accepted) {
    return new GemmGroupedSpec(
        operands, grouping, experts, n, k, alignment, output, weightLayout, accepted);
  }

  @Override
  public Op op() {
    return Op.GEMM_GROUPED;
  }

  @Override
  public Class<GemmGroupedArgs> argsType() {
    return GemmGroupedArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("P");
    Dim all = Dim.of(experts);
    boolean masked = grouping == Grouping.MASKED;
    Dim[] perTensor = {Dim.of(1)};
    Dim[] scaleOfA = operands == GemmOperands.FP8_TENSOR ? perTensor : operands.scaleOfA(rows, k);
    Dim[] scaleOfB =
        operands == GemmOperands.FP8_TENSOR ? new Dim[] {all} : lead(all, operands.scaleOfB(n, k));
    boolean scaledPerRow = masked && operands.scaled() && operands != GemmOperands.FP8_TENSOR;
    Dim groups =
        switch (grouping) {
          case CONTIGUOUS -> rows;
          case PSUM, MASKED -> all;
          case OFFSETS -> all.plus(1);
        };
    Dim[] a = {rows, Dim.of(k)};
    Dim[] c = {rows, Dim.of(n)};
    return Signature.of(op())
        .in("a", operands.dtype(), masked ? lead(all, a) : a)
        .in("b", operands.dtype(), all, Dim.of(n), Dim.of(k))
        .layout(weightLayout)
        .inIf(operands.scaled(), "scaleA", DType.F32, scaledPerRow ? lead(all, scaleOfA) : scaleOfA)
        .inIf(operands.scaled(), "scaleB", DType.F32, scaleOfB)
        .dense()
        .in("groups", DType.I32, groups)
        .dense()
        .out("c", output, masked ? lead(all, c) : c)
        .build();
  }

  private static Dim[] lead(Dim first, Dim[] rest) {
    return Stream.concat(Stream.of(first), Arrays.stream(rest)).toArray(Dim[]::new);
  }
}
