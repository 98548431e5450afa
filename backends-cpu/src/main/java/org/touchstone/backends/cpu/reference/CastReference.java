package org.touchstone.backends.cpu.reference;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.E8m0;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code y = round(x)}: one right code for every element, the sign of zero included. */
final class CastReference implements Reference<CastSpec, CastArgs> {
  @Override
  public Expectation expect(
      CastSpec spec, CastArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    double[] x = HostTensors.doubles(args.x());
    if (model.flushesInputs() && spec.to() != DType.E8M0) {
      double[] error = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        error[i] = model.operand(x[i]);
      }
      return Expectation.of("y", Expected.Interval.all(spec.to(), spec.saturation(), x, error));
    }
    long[] codes = new long[x.length];
    FloatFormat format = spec.to().format();
    for (int i = 0; i < x.length; i++) {
      codes[i] =
          spec.to() == DType.E8M0
              ? powerOfTwo(spec, x[i])
              : Integer.toUnsignedLong(format.encode(x[i], spec.saturation()));
    }
    return Expectation.of("y", Expected.Codes.all(spec.to(), codes));
  }

  private static long powerOfTwo(CastSpec spec, double x) {
    return Byte.toUnsignedLong(
        x > 0 ? E8m0.encode(x, spec.e8m0Rounding(), spec.saturation()) : E8m0.NAN);
  }
}
