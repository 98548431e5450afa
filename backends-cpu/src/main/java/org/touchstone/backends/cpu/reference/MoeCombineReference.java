package org.touchstone.backends.cpu.reference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.MoeCombineArgs;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code y[t] = sum_j weights[t,j] o[positions[t,j]] (+ shared[t])}, position -1 skipped. */
final class MoeCombineReference implements Reference<MoeCombineSpec, MoeCombineArgs> {
  @Override
  public Expectation expect(
      MoeCombineSpec spec, MoeCombineArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    int hidden = Math.toIntExact(spec.hidden());
    int topK = Math.toIntExact(spec.topK());
    double[] o = HostTensors.doubles(args.o());
    double[] weights = HostTensors.doubles(args.weights());
    long[] positions = HostTensors.codes(args.positions());
    double @Nullable [] shared = doublesOrNull(args.shared());
    long[] tokens = request.scope().pick("tokens", args.y().dim(0));
    boolean sampled = request.scope().samples(args.y().dim(0));
    double[] value = new double[tokens.length * hidden];
    double[] error = new double[value.length];
    long[] index = new long[value.length];
    double c = model.sequentialSum(topK + 1L);
    threads.forEach(
        tokens.length,
        (long) hidden * topK,
        i -> {
          int token = (int) tokens[(int) i];
          for (int column = 0; column < hidden; column++) {
            double sum = 0;
            double magnitude = 0;
            for (int j = 0; j < topK; j++) {
              int slot = token * topK + j;
              if (positions[slot] >= 0) {
                double term = weights[slot] * o[(int) positions[slot] * hidden + column];
                sum += term;
                magnitude += Math.abs(term);
              }
            }
            if (shared != null) {
              sum += shared[token * hidden + column];
              magnitude += Math.abs(shared[token * hidden + column]);
            }
            int at = (int) i * hidden + column;
            index[at] = (long) token * hidden + column;
            value[at] = sum;
            double bound = c * magnitude + (topK + 1) * model.underflow();
            error[at] = Double.isFinite(magnitude) ? ErrorModel.MARGIN * bound : 0;
          }
        });
    return Expectation.of(
        "y",
        sampled
            ? new Expected.Interval(spec.output(), Saturation.NONSAT, index, value, error)
            : Expected.Interval.all(spec.output(), Saturation.NONSAT, value, error));
  }

  private static double @Nullable [] doublesOrNull(@Nullable Tensor tensor) {
    return tensor == null ? null : HostTensors.doubles(tensor);
  }
}
