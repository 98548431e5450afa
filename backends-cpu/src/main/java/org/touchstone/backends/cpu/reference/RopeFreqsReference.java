package org.touchstone.backends.cpu.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** Cosine and sine of {@code position * f_i}, times the attention factor. */
final class RopeFreqsReference implements Reference<RopeFreqsSpec, RopeFreqsArgs> {
  @Override
  public Expectation expect(
      RopeFreqsSpec spec, RopeFreqsArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    double[] frequencies = spec.frequencies();
    double factor = spec.attentionFactor();
    long[] positions = HostTensors.codes(args.positions());
    Picked picked = Picked.rows(request.scope(), positions.length, frequencies.length);
    double[] cos = new double[picked.count()];
    double[] sin = new double[picked.count()];
    double[] cosError = new double[picked.count()];
    double[] sinError = new double[picked.count()];
    picked.forEach(
        threads,
        128,
        (token, at) -> {
          double position = positions[(int) token];
          for (double frequency : frequencies) {
            // The product as a sum of two doubles: one alone loses 2^-22 radians at position 2^31.
            double angle = position * frequency;
            double rest = Math.fma(position, frequency, -angle);
            cos[at] = factor * (Math.cos(angle) - rest * Math.sin(angle));
            sin[at] = factor * (Math.sin(angle) + rest * Math.cos(angle));
            cosError[at] = error(cos[at], factor, model);
            sinError[at] = error(sin[at], factor, model);
            at++;
          }
        });
    Map<String, Expected> outputs = new LinkedHashMap<>();
    outputs.put("cos", picked.interval(DType.F32, cos, cosError));
    outputs.put("sin", picked.interval(DType.F32, sin, sinError));
    return new Expectation(outputs);
  }

  private static double error(double value, double factor, ErrorModel model) {
    double constant = factor == 1 ? 0 : model.op() * Math.abs(value);
    return ErrorModel.MARGIN * (Math.abs(factor) * model.trig() + constant + model.flush());
  }
}
