package org.touchstone.backends.cpu.reference;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.GemmGroupedArgs;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmGroupedSpec.Grouping;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code C[r] = A[r] B[e]^T} for the rows r of every expert e; other rows are not judged. */
final class GemmGroupedReference implements Reference<GemmGroupedSpec, GemmGroupedArgs> {
  /** A row that belongs to an expert; masked rows count within the expert. */
  private record Row(long expert, long row) {
    /** Returns what leads to the row within A, C and A's scales. */
    long[] index(Grouping grouping) {
      return grouping == Grouping.MASKED ? new long[] {expert, row} : new long[] {row};
    }

    /** Returns the row's number within C. */
    long number(Grouping grouping, long capacity) {
      return grouping == Grouping.MASKED ? expert * capacity + row : row;
    }
  }

  @Override
  public Expectation expect(
      GemmGroupedSpec spec, GemmGroupedArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    int k = Math.toIntExact(spec.k());
    List<Row> all = rows(spec, args);
    long[] picked = request.scope().pick("rows", all.size());
    long[] columns = request.scope().pick("columns", spec.n());
    ScaledDots dots =
        new ScaledDots(
            model, k, spec.operands() == GemmOperands.FP8_BLOCK ? GemmOperands.BLOCK : k);
    double[] value = new double[picked.length * columns.length];
    double[] error = new double[value.length];
    long[] index = new long[value.length];
    double[][][] weights = new double[Math.toIntExact(spec.experts())][][];
    double[][][] scales = new double[weights.length][][];
    for (long i : picked) {
      int e = (int) all.get((int) i).expert();
      if (weights[e] == null) {
        weights[e] = new double[columns.length][];
        scales[e] = new double[columns.length][];
        for (int j = 0; j < columns.length; j++) {
          weights[e][j] = TensorRows.of(args.b(), e, columns[j]);
          scales[e][j] = scalesOfB(spec.operands(), args.scaleB(), e, columns[j]);
        }
      }
    }
    threads.forEach(
        picked.length,
        (long) columns.length * Math.max(1, k),
        i -> {
          Row row = all.get((int) picked[(int) i]);
          int e = (int) row.expert();
          double[] a = TensorRows.of(args.a(), row.index(spec.grouping()));
          double[] scalesA = scalesOfA(spec.operands(), args.scaleA(), row.index(spec.grouping()));
          for (int j = 0; j < columns.length; j++) {
            int at = (int) i * columns.length + j;
            ScaledDots.Dot dot = dots.dot(a, scalesA, weights[e][j], scales[e][j]);
            value[at] = dot.value();
            error[at] = dot.bound();
            index[at] = row.number(spec.grouping(), args.a().dim(-2)) * spec.n() + columns[j];
          }
        });
    return Expectation.of(
        "c", new Expected.Interval(spec.output(), Saturation.NONSAT, index, value, error));
  }

  private static double[] scalesOfA(
      GemmOperands operands, @Nullable Tensor scales, long[] rowIndex) {
    return switch (operands) {
      case F32, BF16 -> new double[0];
      case FP8_TENSOR -> TensorRows.of(scales);
      case FP8_CHANNEL, FP8_BLOCK -> TensorRows.of(scales, rowIndex);
    };
  }

  private static double[] scalesOfB(
      GemmOperands operands, @Nullable Tensor scales, long expert, long column) {
    return switch (operands) {
      case F32, BF16 -> new double[0];
      case FP8_TENSOR -> TensorRows.of(scales, expert);
      case FP8_CHANNEL -> TensorRows.of(scales, expert, column);
      case FP8_BLOCK -> TensorRows.of(scales, expert, column / GemmOperands.BLOCK);
    };
  }

  /** Lists the rows that belong to an expert, in ascending order. */
  private static List<Row> rows(GemmGroupedSpec spec, GemmGroupedArgs args) {
    long[] groups = HostTensors.codes(args.groups());
    List<Row> rows = new ArrayList<>();
    if (spec.grouping() == Grouping.CONTIGUOUS) {
      for (int r = 0; r < groups.length; r++) {
        if (groups[r] >= 0) {
          rows.add(new Row(groups[r], r));
        }
      }
      return rows;
    }
    long end = 0;
    for (int e = 0; e < spec.experts(); e++) {
      long start =
          switch (spec.grouping()) {
            case PSUM -> Math.ceilDiv(end, spec.alignment()) * spec.alignment();
            case OFFSETS -> groups[e];
            case MASKED, CONTIGUOUS -> 0;
          };
      end = spec.grouping() == Grouping.OFFSETS ? groups[e + 1] : groups[e];
      for (long r = start; r < end; r++) {
        rows.add(new Row(e, r));
      }
    }
    return rows;
  }
}
