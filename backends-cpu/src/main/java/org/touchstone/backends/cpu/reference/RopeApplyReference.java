package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Direction;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code a' = a cos - b sin, b' = b cos + a sin} for every pair; other elements are copied. */
final class RopeApplyReference implements Reference<RopeApplySpec, RopeApplyArgs> {
  @Override
  public Expectation expect(
      RopeApplySpec spec, RopeApplyArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    int heads = Math.toIntExact(spec.heads());
    int headDim = Math.toIntExact(spec.headDim());
    Picked picked = Picked.rows(request.scope(), args.x().dim(0), (long) heads * headDim);
    double[] value = new double[picked.count()];
    double[] error = new double[picked.count()];
    picked.forEach(
        threads,
        16,
        (token, at) -> {
          double[] x = HostTensors.doubles(args.x().slice(0, token, token + 1));
          double[] cos = HostTensors.doubles(args.cos().slice(0, token, token + 1));
          double[] sin = HostTensors.doubles(args.sin().slice(0, token, token + 1));
          System.arraycopy(x, 0, value, at, x.length);
          for (int i = 0; i < x.length; i++) {
            error[at + i] = ErrorModel.MARGIN * model.operand(x[i]);
          }
          for (int head = 0; head < heads; head++) {
            for (int pair = 0; pair < spec.rotaryDim() / 2; pair++) {
              double s = spec.direction() == Direction.INVERSE ? -sin[pair] : sin[pair];
              int first = head * headDim + first(spec, pair);
              int second = first + distance(spec);
              double a = x[first];
              double b = x[second];
              value[at + first] = a * cos[pair] - b * s;
              error[at + first] = error(a, cos[pair], -b, s, spec, model);
              value[at + second] = b * cos[pair] + a * s;
              error[at + second] = error(b, cos[pair], a, s, spec, model);
            }
          }
        });
    return Expectation.of("y", picked.interval(spec.dtype(), value, error));
  }

  private static int first(RopeApplySpec spec, int pair) {
    return (int) spec.offset() + (spec.pairing() == Pairing.NEOX ? pair : 2 * pair);
  }

  private static int distance(RopeApplySpec spec) {
    return spec.pairing() == Pairing.NEOX ? (int) spec.rotaryDim() / 2 : 1;
  }

  /** Bounds {@code p c + q s}: two products and a sum, each rounded once at most. */
  private static double error(
      double p, double c, double q, double s, RopeApplySpec spec, ErrorModel model) {
    double flushed =
        model.operand(p) * Math.abs(c)
            + Math.abs(p) * model.operand(c)
            + model.operand(q) * Math.abs(s)
            + Math.abs(q) * model.operand(s)
            + model.flush();
    return ErrorModel.MARGIN
        * (model.op() * (Math.abs(p * c) + Math.abs(q * s))
            + model.beforeOutput(p * c + q * s, spec.dtype())
            + 2 * model.underflow()
            + flushed);
  }
}
