package org.touchstone.conformance.fake;

import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.oracle.OracleRequest;

/** The reference of {@code add}. */
public final class FakeOracle implements Oracle {
  /** Creates it. */
  public FakeOracle() {}

  @Override
  public <A extends Args> Expectation expect(OpSpec<A> spec, A args, OracleRequest request) {
    if (!(spec instanceof AddSpec add)
        || !(args instanceof AddArgs(Tensor a, Tensor b, Tensor y))) {
      throw new UnsupportedOperationException(spec.op().opName());
    }
    double[] value = HostTensors.doubles(a);
    double[] right = HostTensors.doubles(b);
    double[] error = new double[value.length];
    for (int i = 0; i < value.length; i++) {
      value[i] += right[i];
      error[i] = add.output() == DType.F32 ? 0 : Math.abs(value[i]) * 0x1p-24;
    }
    Expected.Interval all = Expected.Interval.all(y.dtype(), Saturation.NONSAT, value, error);
    if (!request.scope().samples(value.length)) {
      return Expectation.of("y", all);
    }
    long[] index = request.scope().pick("X", value.length);
    double[] picked = new double[index.length];
    double[] bounds = new double[index.length];
    for (int i = 0; i < index.length; i++) {
      picked[i] = value[(int) index[i]];
      bounds[i] = error[(int) index[i]];
    }
    return Expectation.of(
        "y", new Expected.Interval(y.dtype(), Saturation.NONSAT, index, picked, bounds));
  }
}
