package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code y = a + b}. */
final class AddReference implements Reference<AddSpec, AddArgs> {
  @Override
  public Expectation expect(AddSpec spec, AddArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    double[] a = HostTensors.doubles(args.a());
    double[] b = HostTensors.doubles(args.b());
    Picked picked = Picked.elements(request.scope(), 1, a.length);
    double[] value = new double[picked.count()];
    double[] error = new double[picked.count()];
    int at = 0;
    for (long element : picked.columns()) {
      int i = (int) element;
      value[at] = a[i] + b[i];
      error[at] =
          ErrorModel.MARGIN
              * (model.beforeOutput(value[at], spec.output())
                  + model.operand(a[i])
                  + model.operand(b[i])
                  + model.flush());
      at++;
    }
    return Expectation.of("y", picked.interval(spec.output(), value, error));
  }
}
