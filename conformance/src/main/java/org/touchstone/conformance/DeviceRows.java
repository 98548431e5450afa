package org.touchstone.conformance;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.format.DType;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.conformance.ConformanceRequest.Isolation;
import org.touchstone.conformance.expect.Expectations;
import org.touchstone.conformance.expect.Verdicts;
import org.touchstone.conformance.isolate.IsolatedRun;
import org.touchstone.conformance.isolate.Journal;
import org.touchstone.conformance.judge.Bias;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Session;
import org.touchstone.conformance.run.Shrinking;

/** Makes the rows of one device: its items, then what only shows over all of them. */
final class DeviceRows {
  private final DeviceInfo device;
  private final Expectations expectations;
  private final String version;
  private final ConformanceListener listener;
  private final List<CaseResult> rows = new ArrayList<>();
  private boolean drawn;
  private final Map<BiasKey, Bias> biases = new TreeMap<>();

  DeviceRows(
      DeviceInfo device, Expectations expectations, String version, ConformanceListener listener) {
    this.device = device;
    this.expectations = expectations;
    this.version = version;
    this.listener = listener;
  }

  /**
   * Says that items are drawn at random: a case that proves nothing is not the suite's mistake
   * then.
   */
  DeviceRows drawn() {
    drawn = true;
    return this;
  }

  /** Runs items and returns every row. */
  List<CaseResult> run(
      Hal hal,
      Oracle oracle,
      List<Item> items,
      ConformanceRequest request,
      DeviceRun.Limits limits,
      Optional<Journal> journal) {
    Shrinking shrinking = Shrinking.of(item -> expectations.of(item.name()).isEmpty());
    Consumer<DeviceRun.Finished> ended = f -> listener.finished(expected(row(f)));
    if (request.isolation() == Isolation.WORKER
        || !WorkerCommand.profiles(device.uri()).isEmpty()) {
      IsolatedRun.of(device.uri(), request.level(), request.options(), limits, journal, shrinking)
          .run(items, ended)
          .forEach(this::add);
    } else {
      try (Session session = Session.open(hal, device.uri(), Instruments.NONE, oracle)) {
        DeviceRun run = new DeviceRun(session, request.level(), limits, shrinking);
        run.run(items, ended).forEach(this::add);
        // What hangs still holds its tensors.
        if (!run.hung()) {
          leftBehind(session);
        }
      }
    }
    biases.forEach(
        (key, bias) -> {
          if (bias.judged()) {
            addSummary(bias(key, bias));
          }
        });
    return rows;
  }

  private void add(DeviceRun.Finished finished) {
    rows.add(expected(row(finished)));
    finished
        .report()
        .bias()
        .forEach(
            (type, bias) ->
                biases.merge(
                    new BiasKey(finished.item().op(), finished.report().kernel(), type),
                    bias,
                    Bias::plus));
  }

  private CaseResult expected(CaseResult result) {
    return Verdicts.of(result, expectations, version);
  }

  private void addSummary(CaseResult result) {
    CaseResult row = expected(result);
    rows.add(row);
    listener.summarized(row);
  }

  private CaseResult row(DeviceRun.Finished finished) {
    CaseReport report = finished.report();
    if (drawn && report.reason().startsWith(Shrinking.UNTRUSTED)) {
      report = CaseReport.without(Outcome.SKIPPED, "PROVES_NOTHING: " + report.reason());
    }
    return new CaseResult(
        device.uri(),
        finished.item().name(),
        finished.item().op(),
        report.outcome(),
        report.reason(),
        report.metrics(),
        report.kernel(),
        report.traits(),
        finished.nanos());
  }

  private void leftBehind(Session session) {
    long left = session.observation().usage().liveBytes();
    if (left != 0) {
      addSummary(
          summary(
              CaseResult.LEFT_BEHIND,
              "memory",
              left + " bytes of device memory are left behind after all cases"));
    }
    session
        .observation()
        .violations()
        .forEach(v -> addSummary(summary(CaseResult.GUARDS, "memory", v)));
  }

  /** Returns a row for every expectation that is about nothing. */
  List<CaseResult> unused(List<Item> all) {
    if (expectations.lines().isEmpty()) {
      return List.of();
    }
    Set<String> names = new LinkedHashSet<>();
    all.forEach(item -> names.add(item.name()));
    rows.forEach(row -> names.add(row.name()));
    return expectations.unused(names).stream()
        .map(
            line ->
                summary(
                    CaseResult.EXPECTATIONS + line.where(),
                    "expectations",
                    "the line matches no case that an earlier one leaves: " + line))
        .toList();
  }

  private CaseResult summary(String name, String op, String reason) {
    return new CaseResult(
        device.uri(), name, op, Outcome.FAIL, reason, Optional.empty(), "", "", 0);
  }

  private record BiasKey(String op, String kernel, DType type) implements Comparable<BiasKey> {
    @Override
    public int compareTo(BiasKey other) {
      return name().compareTo(other.name());
    }

    String name() {
      return CaseResult.BIAS + op + "/" + kernel.replaceAll("[^A-Za-z0-9_.-]+", "_") + "/" + type;
    }
  }

  private CaseResult bias(BiasKey key, Bias bias) {
    String text =
        String.format(
            Locale.ROOT,
            "mean signed error %.3f ulp over %d elements, at most %.1f is rounding to nearest",
            bias.mean(),
            bias.elements(),
            Bias.LIMIT);
    return new CaseResult(
        device.uri(),
        key.name(),
        key.op(),
        bias.fails() ? Outcome.FAIL : Outcome.PASS,
        bias.fails() ? text : "",
        Optional.empty(),
        key.kernel(),
        "",
        0);
  }
}
