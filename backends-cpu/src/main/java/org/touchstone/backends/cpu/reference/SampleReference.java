package org.touchstone.backends.cpu.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.api.op.SampleArgs;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/**
 * Draws tokens, and verifies a device's: a token is right when errors within the bounds can lead to
 * it. The largest logit leaves no freedom.
 */
final class SampleReference implements Reference<SampleSpec, SampleArgs> {
  @Override
  public Expectation expect(
      SampleSpec spec, SampleArgs args, OracleRequest request, CpuThreads threads) {
    ErrorModel model = new ErrorModel(request);
    long[] ids = HostTensors.codes(args.ids());
    double[] uniform = uniform(args);
    long[] rows = request.scope().pick("rows", ids.length);
    List<Optional<String>> verdicts = new ArrayList<>();
    for (int i = 0; i < rows.length; i++) {
      verdicts.add(Optional.empty());
    }
    threads.forEach(
        rows.length,
        16 * spec.vocabulary(),
        i -> {
          int row = (int) rows[(int) i];
          SampleRow sample = row(spec, args, row);
          verdicts.set(
              (int) i,
              spec.random()
                  ? SampleCheck.verify(sample, uniform[row], ids[row], model)
                  : largest(sample, ids[row]));
        });
    List<String> violations = new ArrayList<>();
    for (int i = 0; i < rows.length; i++) {
      String row = "row " + rows[i] + ": ";
      verdicts.get(i).ifPresent(wrong -> violations.add(row + wrong));
    }
    return Expectation.of("ids", new Expected.Verified(rows.length, violations));
  }

  private static Optional<String> largest(SampleRow sample, long id) {
    int expected = sample.largest();
    return id == expected
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT, "token %d, expected %d, the first largest logit", id, expected));
  }

  @Override
  public void run(SampleSpec spec, SampleArgs args, OracleRequest request, CpuThreads threads) {
    double[] uniform = uniform(args);
    long[] ids = new long[Math.toIntExact(args.ids().dim(0))];
    threads.forEach(
        ids.length,
        16 * spec.vocabulary(),
        row -> {
          SampleRow sample = row(spec, args, (int) row);
          ids[(int) row] = spec.random() ? sample.draw(uniform[(int) row]) : sample.largest();
        });
    HostTensors.writeCodes(args.ids(), ids);
  }

  private static double[] uniform(SampleArgs args) {
    return args.uniform() == null ? new double[0] : HostTensors.doubles(args.uniform());
  }

  private static SampleRow row(SampleSpec spec, SampleArgs args, int row) {
    return new SampleRow(spec, HostTensors.doubles(args.logits().slice(0, row, row + 1L)));
  }
}
