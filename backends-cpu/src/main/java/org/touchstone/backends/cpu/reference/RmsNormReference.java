package org.touchstone.backends.cpu.reference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code y = x / sqrt(mean(x^2) + eps)}, weighted and gated as the variant says. */
final class RmsNormReference implements Reference<RmsNormSpec, RmsNormArgs> {
  @Override
  public Expectation expect(
      RmsNormSpec spec, RmsNormArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    RootMeanSquare norm = new RootMeanSquare(spec.variant(), spec.eps(), spec.output(), model);
    double[] w = args.w() == null ? new double[0] : HostTensors.doubles(args.w());
    Picked picked = Picked.rows(request.scope(), args.x().dim(0), spec.hidden());
    double[] value = new double[picked.count()];
    double[] error = new double[picked.count()];
    picked.forEach(
        threads,
        32,
        (row, at) -> {
          double[] x = row(args.x(), row);
          Rounded[] exact = new Rounded[x.length];
          for (int j = 0; j < x.length; j++) {
            exact[j] = new Rounded(x[j], 0);
          }
          norm.row(exact, w, row(args.z(), row), value, error, at);
        });
    return Expectation.of("y", picked.interval(spec.output(), value, error));
  }

  private static double[] row(@Nullable Tensor tensor, long row) {
    return tensor == null ? new double[0] : HostTensors.doubles(tensor.slice(0, row, row + 1));
  }
}
