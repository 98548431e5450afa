package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmGroupedSpec.Grouping;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.Op;

/**
 * Cases of {@code gemm_grouped}: every way to assign rows to experts, with experts that get no row,
 * one row and most rows.
 */
final class GemmGroupedCases implements OperatorCases {
  private static final long ALIGNMENT = 8;

  @Override
  public Set<Op> ops() {
    return Set.of(Op.GEMM_GROUPED);
  }

  @Override
  public void generate(CaseSink sink) {
    int[][] counts = {{3, 0, 5, 1}, {0, 0, 17, 0}, {1, 1, 1, 1, 1}};
    for (GemmOperands operands : GemmOperands.values()) {
      for (Grouping grouping : Grouping.values()) {
        for (DataFamily family : DataFamily.values()) {
          DType output = grouping == Grouping.MASKED ? DType.F32 : DType.BF16;
          Level level = family == DataFamily.RANDOM ? Level.L1 : Level.L2;
          sink.add(of(operands, grouping, counts[0], 33, 130, output, family).level(Level.L1));
          sink.add(of(operands, grouping, counts[1], 65, 64, output, family).level(level));
          sink.add(of(operands, grouping, counts[2], 7, 257, output, family));
        }
        sink.add(
            of(operands, grouping, new int[] {0, 0, 0}, 9, 128, DType.F32, DataFamily.RANDOM)
                .zeroAnswer("no expert has a row")
                .level(Level.L1));
        sink.add(
            of(operands, grouping, counts[0], 33, 130, DType.F32, DataFamily.RANDOM)
                .placement(Placement.GAPS)
                .level(Level.L1));
      }
    }
    // experts of DeepSeek-V3: 2048 x 7168
    sink.add(
        of(
                GemmOperands.FP8_BLOCK,
                Grouping.OFFSETS,
                new int[] {2, 0, 1},
                2048,
                7168,
                DType.BF16,
                DataFamily.RANDOM)
            .sampled(256)
            .level(Level.L1));
  }

  private static TestCase.Builder of(
      GemmOperands operands,
      Grouping grouping,
      int[] counts,
      long n,
      long k,
      DType output,
      DataFamily family) {
    boolean aligned = grouping == Grouping.CONTIGUOUS || grouping == Grouping.PSUM;
    GemmGroupedSpec spec =
        GemmGroupedSpec.of(operands, counts.length, n, k, output)
            .withGrouping(grouping, aligned ? ALIGNMENT : 1);
    long[] groups = groups(grouping, counts);
    return TestCase.of(spec, family)
        .extent("P", rows(grouping, counts))
        .label("rows", Arrays.toString(counts).replaceAll("[\\[\\] ]", "").replace(',', '+'))
        .label("n", n)
        .label("k", k)
        .label("operands", operands)
        .label("grouping", grouping)
        .label("out", output)
        .reduction(k)
        .partialOutputs("c")
        .filler(
            data -> {
              OperandFill.fill(data);
              data.set("groups", groups);
            })
        .resizable(
            s -> {
              // The number of all rows, s[0], follows from those of the groups.
              int[] rows = Arrays.stream(s).skip(3).mapToInt(Math::toIntExact).toArray();
              return of(operands, grouping, rows, s[1], s[2], output, family);
            },
            "p",
            "n",
            "k",
            "rows");
  }

  private static long aligned(long rows) {
    return Math.ceilDiv(rows, ALIGNMENT) * ALIGNMENT;
  }

  private static long rows(Grouping grouping, int[] counts) {
    return switch (grouping) {
      case OFFSETS -> Arrays.stream(counts).sum();
      case MASKED -> Arrays.stream(counts).max().orElse(0) + 2;
      case CONTIGUOUS, PSUM -> Arrays.stream(counts).mapToLong(GemmGroupedCases::aligned).sum();
    };
  }

  private static long[] groups(Grouping grouping, int[] counts) {
    return switch (grouping) {
      case MASKED -> Arrays.stream(counts).asLongStream().toArray();
      case OFFSETS -> {
        long[] offsets = new long[counts.length + 1];
        for (int e = 0; e < counts.length; e++) {
          offsets[e + 1] = offsets[e] + counts[e];
        }
        yield offsets;
      }
      case PSUM -> {
        long[] ends = new long[counts.length];
        long start = 0;
        for (int e = 0; e < counts.length; e++) {
          ends[e] = start + counts[e];
          start = aligned(ends[e]);
        }
        yield ends;
      }
      case CONTIGUOUS -> {
        long[] expertOf = new long[(int) rows(grouping, counts)];
        Arrays.fill(expertOf, -1);
        int row = 0;
        for (int e = 0; e < counts.length; e++) {
          Arrays.fill(expertOf, row, row + counts[e], e);
          row += (int) aligned(counts[e]);
        }
        yield expertOf;
      }
    };
  }
}
