package org.touchstone.conformance.junit;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ConformanceListener;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;

/**
 * Turns a run of the suite into JUnit 5 tests, one per case, which end as the cases do. Cases that
 * a device refuses are aborted tests with the reason; the last test fails when the run as a whole
 * does, for example because no case was executed.
 *
 * <pre>{@code
 * class AcmeConformanceTest {
 *   @TestFactory
 *   Stream<DynamicTest> conformance() {
 *     return ConformanceTests.of("acme://0", Level.L1);
 *   }
 * }
 * }</pre>
 */
// JUnit is optional here: whoever calls this class reads JUnit's module anyway.
@SuppressWarnings("exports")
public final class ConformanceTests {
  private static final String RUN = "the run as a whole";

  private final Map<String, CompletableFuture<CaseResult>> rows = new LinkedHashMap<>();
  private final CompletableFuture<String> started = new CompletableFuture<>();
  private final CompletableFuture<ConformanceReport> ended = new CompletableFuture<>();

  private ConformanceTests() {}

  /**
   * Returns the tests of a device.
   *
   * @throws ConformanceException when the device is unknown or not ready
   */
  public static Stream<DynamicTest> of(String device, Level level) {
    return of(ConformanceRequest.builder().device(device).level(level).build());
  }

  /**
   * Returns the tests of a request for one device. The run starts at once, on a thread of its own,
   * and is stopped when the stream is closed.
   *
   * @throws ConformanceException when the request cannot be carried out
   */
  public static Stream<DynamicTest> of(ConformanceRequest request) {
    if (request.devices().size() != 1 || request.proof() != ConformanceRequest.Proof.NONE) {
      throw new ConformanceException(
          ExitCode.USAGE,
          "tests are of one device and of cases, got devices "
              + request.devices()
              + " and proof "
              + request.proof()
              + "; write a test factory per device");
    }
    return new ConformanceTests().stream(request);
  }

  private Stream<DynamicTest> stream(ConformanceRequest request) {
    List<String> names = ConformanceSuite.list(request);
    names.forEach(name -> rows.put(name, new CompletableFuture<>()));
    Thread thread =
        Thread.ofPlatform().daemon().name("touchstone-conformance").start(() -> run(request));
    try {
      started.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof ConformanceException refused) {
        throw refused;
      }
      throw e;
    }
    Stream<DynamicTest> cases =
        names.stream().map(name -> DynamicTest.dynamicTest(name, () -> judge(row(name))));
    // What a run adds to its cases is known at its end only, when all of these tests have ended.
    Stream<DynamicTest> rest = Stream.of(RUN).flatMap(name -> rest(Set.copyOf(names)));
    return Stream.concat(cases, rest).onClose(thread::interrupt);
  }

  private void run(ConformanceRequest request) {
    try {
      ended.complete(
          ConformanceSuite.run(
              request,
              new ConformanceListener() {
                @Override
                public void started(String device, int cases) {
                  started.complete(device);
                }

                @Override
                public void finished(CaseResult result) {
                  CompletableFuture<CaseResult> row = rows.get(result.name());
                  if (row != null) {
                    row.complete(result);
                  }
                }
              }));
      // Whatever ends the run has to reach the tests, or they wait for ever.
    } catch (RuntimeException | Error e) {
      started.completeExceptionally(e);
      rows.values().forEach(row -> row.completeExceptionally(e));
      ended.completeExceptionally(e);
    }
  }

  private CaseResult row(String name) {
    CompletableFuture<CaseResult> row = rows.get(name);
    if (row == null) {
      throw new IllegalStateException("no case is named " + name);
    }
    return row.join();
  }

  private Stream<DynamicTest> rest(Set<String> seen) {
    ConformanceReport report = ended.join();
    Set<String> named = new HashSet<>(seen);
    Stream<DynamicTest> summaries =
        report.results().stream()
            .filter(row -> named.add(row.name()))
            .map(row -> DynamicTest.dynamicTest(row.name(), () -> judge(row)));
    DynamicTest whole =
        DynamicTest.dynamicTest(
            RUN,
            () -> {
              if (report.exit() != ExitCode.OK) {
                throw new AssertionFailedError(
                    report.exit() + "; " + String.join("; ", report.notes()));
              }
            });
    return Stream.concat(summaries, Stream.of(whole));
  }

  private static void judge(CaseResult row) {
    if (row.outcome().failing()) {
      throw new AssertionFailedError(
          row.outcome().label() + ": " + row.reason() + "; again: " + row.repro());
    }
    if (row.outcome() == Outcome.UNSUPPORTED || row.outcome() == Outcome.SKIPPED) {
      throw new TestAbortedException(row.outcome().label() + ": " + row.reason());
    }
  }
}
