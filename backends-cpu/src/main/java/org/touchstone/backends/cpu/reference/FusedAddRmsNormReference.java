package org.touchstone.backends.cpu.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.FusedAddRmsNormArgs;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code res' = round(res + x)}, {@code y = norm(res')}. */
final class FusedAddRmsNormReference
    implements Reference<FusedAddRmsNormSpec, FusedAddRmsNormArgs> {
  private static final double[] NONE = {};

  @Override
  public Expectation expect(
      FusedAddRmsNormSpec spec,
      FusedAddRmsNormArgs args,
      OracleRequest request,
      CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    RootMeanSquare norm = new RootMeanSquare(spec.variant(), spec.eps(), spec.output(), model);
    double[] w = args.w() == null ? NONE : HostTensors.doubles(args.w());
    Picked picked = Picked.rows(request.scope(), args.x().dim(0), spec.hidden());
    double[] sum = new double[picked.count()];
    double[] sumError = new double[picked.count()];
    double[] value = new double[picked.count()];
    double[] error = new double[picked.count()];
    picked.forEach(
        threads,
        32,
        (row, at) -> {
          double[] x = HostTensors.doubles(args.x().slice(0, row, row + 1));
          double[] residual = HostTensors.doubles(args.residual().slice(0, row, row + 1));
          Rounded[] next = new Rounded[x.length];
          for (int j = 0; j < x.length; j++) {
            double exact = residual[j] + x[j];
            sum[at + j] = exact;
            sumError[at + j] =
                ErrorModel.MARGIN
                    * (model.beforeOutput(exact, spec.input())
                        + model.operand(residual[j])
                        + model.operand(x[j])
                        + model.flush());
            next[j] = Rounded.of(spec.input(), Saturation.NONSAT, exact, sumError[at + j]);
          }
          norm.row(next, w, NONE, value, error, at);
        });
    Map<String, Expected> outputs = new LinkedHashMap<>();
    outputs.put("residualOut", picked.interval(spec.input(), sum, sumError));
    outputs.put("y", picked.interval(spec.output(), value, error));
    return new Expectation(outputs);
  }
}
