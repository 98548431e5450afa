package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.DequantizeArgs;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code y = round(q s)}: the exact product, rounded once. */
final class DequantizeReference implements Reference<DequantizeSpec, DequantizeArgs> {
  @Override
  public Expectation expect(
      DequantizeSpec spec, DequantizeArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    double[] q = HostTensors.doubles(args.q());
    double[] scale = HostTensors.doubles(args.scale());
    int columns = Math.toIntExact(spec.columns());
    long scaleColumns = Math.ceilDiv(spec.columns(), spec.blockColumns());
    Picked picked = Picked.rows(request.scope(), args.q().dim(0), columns);
    double[] value = new double[picked.count()];
    double[] error = new double[picked.count()];
    picked.forEach(
        threads,
        4,
        (row, at) -> {
          for (int k = 0; k < columns; k++) {
            double s =
                scale[(int) (row / spec.blockRows() * scaleColumns + k / spec.blockColumns())];
            double code = q[(int) row * columns + k];
            value[at + k] = code * s;
            double flushed = model.operand(s) == 0 ? 0 : Math.abs(value[at + k]);
            error[at + k] = flushed + (value[at + k] == 0 ? 0 : model.flush());
          }
        });
    return Expectation.of("y", picked.interval(spec.output(), value, error));
  }
}
