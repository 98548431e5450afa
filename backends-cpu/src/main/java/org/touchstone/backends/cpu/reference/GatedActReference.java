package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.Activation.GateLayout;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code a = activation(g) u}, see {@link GatedActivation}. */
final class GatedActReference implements Reference<GatedActSpec, GatedActArgs> {
  @Override
  public Expectation expect(
      GatedActSpec spec, GatedActArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    int intermediate = Math.toIntExact(spec.intermediate());
    boolean interleaved = spec.activation().layout() == GateLayout.INTERLEAVED;
    Picked picked = Picked.elements(request.scope(), args.h().dim(0), intermediate);
    double[] value = new double[picked.count()];
    double[] error = new double[picked.count()];
    picked.forEach(
        threads,
        128,
        (token, at) -> {
          double[] h = HostTensors.doubles(args.h().slice(0, token, token + 1));
          for (long column : picked.columns()) {
            int i = (int) column;
            Rounded a =
                GatedActivation.apply(
                    spec.activation(),
                    h[interleaved ? 2 * i : i],
                    0,
                    h[interleaved ? 2 * i + 1 : intermediate + i],
                    0,
                    model);
            value[at] = a.value();
            error[at] = ErrorModel.MARGIN * a.error();
            at++;
          }
        });
    return Expectation.of("a", picked.interval(spec.output(), value, error));
  }
}
