package org.touchstone.backends.cpu.reference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code C[m,n] = sum_k A[m,k] B[n,k] (+ bias[n]) (+ C[m,n])}, scaled as the operands say. */
final class GemmReference implements Reference<GemmSpec, GemmArgs> {
  @Override
  public Expectation expect(
      GemmSpec spec, GemmArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    int k = Math.toIntExact(spec.k());
    long[] rows = request.scope().pick("rows", args.c().dim(0));
    long[] columns = request.scope().pick("columns", spec.n());
    double[][] a = TensorRows.rows(args.a(), rows);
    double[][] b = TensorRows.rows(args.b(), columns);
    double[] bias = TensorRows.of(args.bias());
    boolean adding = spec.accumulation() == GemmSpec.Accumulation.ADD_TO_C;
    double[][] before = adding ? TensorRows.rows(request.before("c"), rows) : new double[0][];
    double[][] scalesA = scales(spec.operands(), args.scaleA(), rows, 1);
    double[][] scalesB = scales(spec.operands(), args.scaleB(), columns, GemmOperands.BLOCK);
    ScaledDots dots =
        new ScaledDots(
            model, k, spec.operands() == GemmOperands.FP8_BLOCK ? GemmOperands.BLOCK : k);
    double[] value = new double[rows.length * columns.length];
    double[] error = new double[value.length];
    long[] index = new long[value.length];
    threads.forEach(
        rows.length,
        (long) columns.length * Math.max(1, k),
        i -> {
          for (int j = 0; j < columns.length; j++) {
            int at = (int) i * columns.length + j;
            ScaledDots.Dot dot = dots.dot(a[(int) i], scalesA[(int) i], b[j], scalesB[j]);
            double previous = adding ? before[(int) i][(int) columns[j]] : 0;
            if (bias.length > 0) {
              dot = dot.plus(bias[(int) columns[j]], Math.abs(previous), model);
            }
            if (adding) {
              double others = bias.length > 0 ? Math.abs(bias[(int) columns[j]]) : 0;
              dot = dot.plus(previous, others, model);
            }
            value[at] = dot.value();
            error[at] = dot.bound();
            index[at] = rows[(int) i] * spec.n() + columns[j];
          }
        });
    boolean sampled = request.scope().samples(args.c().dim(0)) || request.scope().samples(spec.n());
    return Expectation.of(
        "c",
        sampled
            ? new Expected.Interval(spec.output(), Saturation.NONSAT, index, value, error)
            : Expected.Interval.all(spec.output(), Saturation.NONSAT, value, error));
  }

  /**
   * Reads the scales of rows of an operand.
   *
   * @param blockRows rows that share the scales of FP8_BLOCK
   * @return for each row its scales along K
   */
  private static double[][] scales(
      GemmOperands operands, @Nullable Tensor scales, long[] rows, long blockRows) {
    double[][] perRow = new double[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      perRow[i] =
          switch (operands) {
            case F32, BF16 -> new double[0];
            case FP8_TENSOR -> TensorRows.of(scales);
            case FP8_CHANNEL -> TensorRows.of(scales, rows[i]);
            case FP8_BLOCK -> TensorRows.of(scales, rows[i] / blockRows);
          };
    }
    return perRow;
  }
}
