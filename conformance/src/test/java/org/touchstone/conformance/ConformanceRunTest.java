package org.touchstone.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.touchstone.conformance.fake.FakeRuns.CORRECT;
import static org.touchstone.conformance.fake.FakeRuns.URI;
import static org.touchstone.conformance.fake.FakeRuns.only;
import static org.touchstone.conformance.fake.FakeRuns.request;
import static org.touchstone.conformance.fake.FakeRuns.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.Eligibility;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.op.AddArgs;
import org.touchstone.backends.Backends;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.fake.FakeBackend;
import org.touchstone.conformance.fake.FakeCases;
import org.touchstone.conformance.fake.FakeOracle;

/** What becomes of a run: outcomes, selections, budgets, exit codes. */
class ConformanceRunTest {
  @Test
  void severalLanesGiveTheSameRowsInTheSameOrder() {
    ConformanceReport one = run(CORRECT, request().level(Level.L2));
    ConformanceReport four = run(CORRECT, request().level(Level.L2).threads(4));
    assertThat(four.results())
        .extracting(CaseResult::name)
        .isEqualTo(one.results().stream().map(CaseResult::name).toList());
    assertThat(four.exit()).isEqualTo(ExitCode.OK);
    assertThat(four.results())
        .extracting(CaseResult::metrics)
        .isEqualTo(one.results().stream().map(CaseResult::metrics).toList());
  }

  @Test
  void aFailureThatGoesAwayIsFlaky() {
    AtomicInteger launches = new AtomicInteger();
    ConformanceReport report =
        run(
            CORRECT.running(
                kernel ->
                    (queue, args, workspace) -> {
                      if (launches.getAndIncrement() > 0) {
                        kernel.launch(queue, args, workspace);
                      }
                    }),
            request().caseName("add/type=F32,x=5x7/random"));
    assertThat(report.results().getFirst().outcome()).isEqualTo(Outcome.FLAKY);
    assertThat(report.exit()).isEqualTo(ExitCode.FAILURE);
  }

  private static ConformanceReport throwing(ErrorCode code) {
    return run(
        CORRECT.running(
            kernel ->
                (queue, args, workspace) -> {
                  throw new HalException(code, "the driver says no");
                }),
        request().caseName("add/type=F32,x=5x7/random"));
  }

  @Test
  void failuresOfTheDeviceAreToldApart() {
    assertThat(throwing(ErrorCode.NATIVE_FAILURE).results().getFirst().outcome())
        .isEqualTo(Outcome.FAIL);
    assertThat(throwing(ErrorCode.OUT_OF_MEMORY).results().getFirst().outcome())
        .isEqualTo(Outcome.OOM);
    assertThat(throwing(ErrorCode.DEVICE_LOST).results().getFirst().outcome())
        .isEqualTo(Outcome.CRASHED);
    assertThat(throwing(ErrorCode.NATIVE_FAILURE).results().getFirst().reason())
        .contains("the driver says no");
  }

  @Test
  void aClaimThatIsRefusedFails() {
    ConformanceReport report =
        run(
            CORRECT.running(
                kernel -> {
                  throw new HalException(ErrorCode.UNSUPPORTED, "not today");
                }),
            request().caseName("add/type=F32,x=5x7/random"));
    assertThat(report.results().getFirst().outcome()).isEqualTo(Outcome.FAIL);
    assertThat(report.results().getFirst().reason()).contains("not today");
  }

  @Test
  void aCaseThatHangsIsStoppedAndTheDeviceIsLeftAlone() {
    Kernel<AddArgs> hanging =
        (queue, args, workspace) -> {
          try {
            Thread.sleep(Duration.ofMinutes(5));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    ConformanceReport report =
        run(CORRECT.running(kernel -> hanging), request().caseTimeout(Duration.ofMillis(200)));
    assertThat(report.total().of(Outcome.TIMEOUT)).isEqualTo(1);
    assertThat(report.total().of(Outcome.SKIPPED)).isPositive();
    assertThat(report.results().getLast().reason()).startsWith("DEVICE_HUNG");
    assertThat(report.exit()).isEqualTo(ExitCode.FAILURE);
  }

  @Test
  void unknownNamesAreUsageErrors() {
    assertUsage(ConformanceRequest.builder().op("ad"), "did you mean 'add'");
    assertUsage(
        ConformanceRequest.builder().caseName("add/type=F32,x=5x7/rando"),
        "did you mean 'add/type=F32,x=5x7/random'");
    assertUsage(request().device("fake://7"), "fake://0");
    assertThatThrownBy(() -> ConformanceRequest.builder().threads(0).build())
        .isInstanceOfSatisfying(
            ConformanceException.class, e -> assertThat(e.exit()).isEqualTo(ExitCode.USAGE));
  }

  private static void assertUsage(ConformanceRequest.Builder request, String message) {
    assertThatThrownBy(() -> run(CORRECT, request))
        .isInstanceOfSatisfying(
            ConformanceException.class, e -> assertThat(e.exit()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining(message);
  }

  @Test
  void missingDevicesHaveTheirOwnExitCode() {
    assertThatThrownBy(() -> run(CORRECT, request().require("cuda")))
        .isInstanceOfSatisfying(
            ConformanceException.class,
            e -> assertThat(e.exit()).isEqualTo(ExitCode.DEVICE_MISSING))
        .hasMessageContaining("required device 'cuda' is not ready");
    FakeBackend named =
        CORRECT.with(FakeBackend.device(URI, HostAccess.DIRECT, Eligibility.NAMED_ONLY));
    assertThatThrownBy(() -> run(named, request()))
        .isInstanceOfSatisfying(
            ConformanceException.class,
            e -> assertThat(e.exit()).isEqualTo(ExitCode.DEVICE_MISSING));
    assertThat(run(named, request().device(URI).require(URI)).exit()).isEqualTo(ExitCode.OK);
  }

  @Test
  void nothingExecutedProvesNothing() {
    ConformanceReport report =
        run(CORRECT, ConformanceRequest.builder().op("format").level(Level.L0));
    assertThat(report.total().of(Outcome.UNSUPPORTED)).isPositive();
    assertThat(report.total().executed()).isZero();
    assertThat(report.exit()).isEqualTo(ExitCode.FAILURE);
    assertThat(report.notes()).contains("no case was executed, so nothing is proven");
  }

  @Test
  void aUsedUpTimeBudgetSkipsAndTheSkipBudgetCounts() {
    ConformanceRequest.Builder none = request().timeBudget(Duration.ZERO);
    assertThat(run(CORRECT, none).results())
        .allSatisfy(r -> assertThat(r.reason()).startsWith("BUDGET"));
    List<CaseResult> seen = new ArrayList<>();
    try (Hal hal = Backends.open(HalOptions.DEFAULT, CORRECT)) {
      ConformanceReport report =
          new ConformanceSuite(hal, new FakeOracle(), new CaseCatalog(List.of(new FakeCases())))
              .carryOut(
                  request().timeBudget(Duration.ZERO).skipBudget(2).build(),
                  new ConformanceListener() {
                    @Override
                    public void finished(CaseResult result) {
                      seen.add(result);
                    }
                  });
      assertThat(seen).isEqualTo(report.results());
      assertThat(report.notes().getFirst()).contains("the budget allows 2");
    }
  }

  @Test
  void asManyItemsAreFinishedAsWereAnnounced() {
    List<Integer> announced = new ArrayList<>();
    List<CaseResult> items = new ArrayList<>();
    List<CaseResult> summaries = new ArrayList<>();
    try (Hal hal = Backends.open(HalOptions.DEFAULT, CORRECT)) {
      ConformanceReport report =
          new ConformanceSuite(hal, new FakeOracle(), new CaseCatalog(List.of(new FakeCases())))
              .carryOut(
                  request().level(Level.L2).build(),
                  new ConformanceListener() {
                    @Override
                    public void started(String device, int cases) {
                      announced.add(cases);
                    }

                    @Override
                    public void finished(CaseResult result) {
                      items.add(result);
                    }

                    @Override
                    public void summarized(CaseResult result) {
                      summaries.add(result);
                    }
                  });
      assertThat(announced).containsExactly(items.size());
      assertThat(summaries).extracting(CaseResult::name).allMatch(n -> n.startsWith("bias/"));
      assertThat(summaries).isNotEmpty();
      assertThat(report.results()).hasSize(items.size() + summaries.size());
    }
  }

  @Test
  void expectationsTurnFailuresIntoExpectedOnes(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("x.expectations");
    Files.writeString(
        file,
        """
        add/type=F32,x=5x7/* | xfail | BROKEN | - | the adder forgets
        add/type=BF16,x=31x33/random | xfail | BROKEN | - | but not here
        gemm_* | unsupported | OPERATOR | - | matches nothing here
        """);
    ConformanceReport report =
        run(
            CORRECT.running(
                kernel ->
                    (queue, args, workspace) -> {
                      if (args.y().shape().elements() != 35) {
                        kernel.launch(queue, args, workspace);
                      }
                    }),
            request().expectations(file));
    assertThat(only(report, "add/type=F32,x=5x7/random").outcome()).isEqualTo(Outcome.XFAIL);
    assertThat(only(report, "add/type=BF16,x=31x33/random").outcome()).isEqualTo(Outcome.XPASS);
    assertThat(only(report, "expectations/" + file + ":3").reason()).contains("matches no case");
    assertThat(report.exit()).isEqualTo(ExitCode.FAILURE);
  }

  @Test
  void everyDeviceHasItsOwnRows() {
    ConformanceReport report =
        run(FakeBackend.of("fake://0", "fake://1"), request().caseName("memory/zero_size"));
    assertThat(report.byDevice().keySet()).containsExactly("fake://0", "fake://1");
    assertThat(
            run(FakeBackend.of("fake://0", "fake://1"), request().device("fake://1"))
                .byDevice()
                .keySet())
        .containsExactly("fake://1");
  }
}
