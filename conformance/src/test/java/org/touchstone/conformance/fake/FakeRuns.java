package org.touchstone.conformance.fake;

import java.util.List;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceListener;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.cases.CaseCatalog;

/** Runs the suite on a backend that adds. */
public final class FakeRuns {
  private FakeRuns() {}

  /** The device. */
  public static final String URI = "fake://0";

  /** A backend without a defect. */
  public static final FakeBackend CORRECT = FakeBackend.of(URI);

  /** Starts a request for additions. */
  public static ConformanceRequest.Builder request() {
    return ConformanceRequest.builder().op("add");
  }

  /** Runs a request on a backend. */
  public static ConformanceReport run(FakeBackend backend, ConformanceRequest.Builder request) {
    return run(backend, request, new FakeCases());
  }

  /** Runs a request on a backend, with cases of its own. */
  public static ConformanceReport run(
      FakeBackend backend, ConformanceRequest.Builder request, FakeCases cases) {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, backend)) {
      return new ConformanceSuite(hal, new FakeOracle(), new CaseCatalog(List.of(cases)))
          .carryOut(request.build(), ConformanceListener.NONE);
    }
  }

  /** Finds a row by its name. */
  public static CaseResult only(ConformanceReport report, String name) {
    return report.results().stream().filter(r -> r.name().equals(name)).findFirst().orElseThrow();
  }
}
