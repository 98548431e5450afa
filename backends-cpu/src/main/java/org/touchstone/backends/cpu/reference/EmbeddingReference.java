package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import org.touchstone.api.op.EmbeddingArgs;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code y[t] = scale table[ids[t]]}; id -1 gives zeros, any other id outside the table NaN. */
final class EmbeddingReference implements Reference<EmbeddingSpec, EmbeddingArgs> {
  @Override
  public Expectation expect(
      EmbeddingSpec spec, EmbeddingArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    long[] ids = HostTensors.codes(args.ids());
    Picked picked = Picked.elements(request.scope(), ids.length, spec.hidden());
    double[] value = new double[picked.count()];
    double[] error = new double[picked.count()];
    picked.forEach(
        threads,
        8,
        (token, at) -> {
          long id = ids[(int) token];
          if (id < 0 || id >= spec.vocabulary()) {
            Arrays.fill(value, at, at + picked.columns().length, id == -1 ? 0 : Double.NaN);
            return;
          }
          double[] row = HostTensors.doubles(args.table().slice(0, id, id + 1));
          for (long column : picked.columns()) {
            double entry = row[(int) column];
            value[at] = spec.scale() * entry;
            error[at] =
                ErrorModel.MARGIN
                    * (model.beforeOutput(value[at], spec.output())
                        + Math.abs(spec.scale()) * model.operand(entry)
                        + model.flush());
            at++;
          }
        });
    return Expectation.of("y", picked.interval(spec.output(), value, error));
  }
}
