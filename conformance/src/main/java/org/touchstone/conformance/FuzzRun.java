package org.touchstone.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.conformance.expect.Expectations;
import org.touchstone.conformance.fuzz.Fuzzer;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;

/** Draws and runs random items on one device until a number or a time is reached. */
final class FuzzRun {
  /** Items between two looks at the clock; a worker process serves them all. */
  private static final int CHUNK = 256;

  private final Hal hal;
  private final Oracle oracle;
  private final Fuzzer fuzzer;
  private final ConformanceRequest request;

  FuzzRun(Hal hal, Oracle oracle, Fuzzer fuzzer, ConformanceRequest request) {
    this.hal = hal;
    this.oracle = oracle;
    this.fuzzer = fuzzer;
    this.request = request;
  }

  /** Returns the rows of items that ran; those that the time left out are not drawn. */
  List<CaseResult> run(
      DeviceInfo device,
      int cases,
      Expectations expectations,
      String version,
      ConformanceListener listener) {
    Optional<Long> deadline =
        request.timeBudget().map(Duration::toNanos).map(n -> System.nanoTime() + n);
    DeviceRun.Limits limits =
        new DeviceRun.Limits(request.threads(), request.caseTimeout(), deadline);
    List<CaseResult> results = new ArrayList<>();
    for (int from = 0; from < cases; from += CHUNK) {
      if (deadline.isPresent() && System.nanoTime() - deadline.get() >= 0) {
        break;
      }
      List<Item> items = new ArrayList<>();
      for (int i = from; i < Math.min(cases, from + CHUNK); i++) {
        items.add(fuzzer.draw(i));
      }
      DeviceRows rows = new DeviceRows(device, expectations, version, listener).drawn();
      rows.run(hal, oracle, items, request, limits, Optional.empty()).stream()
          .filter(row -> !row.reason().startsWith("BUDGET"))
          .forEach(results::add);
    }
    return results;
  }
}
