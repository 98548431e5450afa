package org.touchstone.conformance.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Device;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.conformance.ConformanceListener;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceRequest.Proof;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.OperatorCases;
import org.touchstone.conformance.checks.ItemCatalog;
import org.touchstone.conformance.fake.FakeBackend;
import org.touchstone.conformance.fake.FakeCases;
import org.touchstone.conformance.fake.FakeOracle;
import org.touchstone.conformance.fake.Warnings;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Session;

class MutantCatalogTest {
  /** What the catalogue makes of every operator without knowing it. */
  private static final Pattern OF_ANY_OPERATOR =
      Pattern.compile(
          "(zeros|previous-result|last-element|write-past-end|modify-input|accepts-anything)-.*");

  private static ConformanceReport prove(FakeBackend backend, OperatorCases cases) {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, backend)) {
      return new ConformanceSuite(hal, new FakeOracle(), new CaseCatalog(List.of(cases)))
          .carryOut(
              ConformanceRequest.builder().op("add").level(Level.L1).proof(Proof.MUTANTS).build(),
              ConformanceListener.NONE);
    }
  }

  @Test
  void everyOperatorHasDefectsOfItsOwn() {
    List<Mutant> mutants = MutantCatalog.own();
    assertThat(mutants).extracting(Mutant::name).doesNotHaveDuplicates();
    Set<Op> covered = EnumSet.noneOf(Op.class);
    mutants.stream()
        .filter(m -> m.ops().size() < Op.values().length)
        .filter(m -> !OF_ANY_OPERATOR.matcher(m.name()).matches())
        .forEach(m -> covered.addAll(m.ops()));
    assertThat(covered).containsExactlyInAnyOrder(Op.values());
    assertThat(mutants).allSatisfy(m -> assertThat(m.description()).isNotBlank());
    assertThat(mutants)
        .extracting(Mutant::caughtBy)
        .contains(
            Mutant.CaughtBy.LEAK,
            Mutant.CaughtBy.ORDER,
            Mutant.CaughtBy.CLAIM,
            Mutant.CaughtBy.DETERMINISM,
            Mutant.CaughtBy.BOUNDS,
            Mutant.CaughtBy.ARGUMENTS,
            Mutant.CaughtBy.HANDLES,
            Mutant.CaughtBy.PACKING,
            Mutant.CaughtBy.VALUE);
  }

  /** Every rule beside the values has a defect that all the others let pass. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      textBlock =
          """
          nondeterministic # a (second run|launch beside others) gives other bits
          shared-scratch # a launch beside others gives other bits
          clears-output-first-add # y\\[.* is .*, expected
          modify-input-add # input [ab]: byte \\d+ of the buffer changed
          write-past-end-add # wrote \\d+ bytes behind its last element
          write-past-whole-pages # wrote \\d+ bytes behind its last element
          write-before-start # wrote \\d+ bytes before its first element
          write-between-rows # wrote between its rows
          write-past-workspace # allocation \\d+ of \\d+ bytes: 1 bytes changed behind its end
          leak # bytes (of device memory behind|stay allocated)
          leaks-when-allocation-fails # after allocation \\d+ failed, 64 bytes stay allocated
          exhausted-memory-is-internal # gave INTERNAL, expected OUT_OF_MEMORY
          ignores-other-queues # round \\d+ gave
          forgets-other-devices # round \\d+ gave
          names-another-kernel # support\\(\\) names kernel
          receipt-of-another-device # the receipt names kernel
          refuses-with-another-code # fails to prepare it with INTERNAL, expected UNSUPPORTED
          closed-device-allocates # allocate of a closed device was accepted
          closed-buffer-copies # a closed (buffer|device) was accepted
          foreign-buffer-copies # another device's buffer was accepted
          foreign-queue-runs # an operator in another device's queue was accepted
          miscounts-memory # with two open buffers of 1024 bytes
          accepts-dtype # the arguments were accepted, expected DTYPE
          misnames-overlap # got INVALID_SPEC, expected OVERLAP
          refused-arguments-poison-the-queue # the queue was given wrong arguments
          """)
  void onlyItsRuleSeesIt(String name, String finding) {
    Mutant mutant =
        MutantCatalog.own().stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
    List<Item> items = ItemCatalog.of(new CaseCatalog(List.of(new FakeCases())));
    try (Hal hal = Backends.open(HalOptions.DEFAULT, FakeBackend.of("fake://0"));
        Session session =
            Session.open(
                hal,
                "fake://0",
                Instruments.NONE.seeding(mutant.seed()),
                mutant.front(),
                new FakeOracle())) {
      DeviceRun.Limits limits = new DeviceRun.Limits(1, Duration.ofMinutes(1), Optional.empty());
      DeviceRun run = new DeviceRun(session, Level.L3, limits);
      List<String> found =
          items.stream()
              .filter(item -> !item.name().endsWith("/copy_large"))
              .map(run::attempt)
              .filter(report -> report.outcome().failing())
              .map(CaseReport::reason)
              .toList();
      assertThat(found).isNotEmpty().allSatisfy(f -> assertThat(f).containsPattern(finding));
    }
  }

  /** Memory that the host does not reach is spoiled through copies. */
  @ParameterizedTest
  @EnumSource(HostAccess.class)
  void everyDefectOfAnAdderIsCaught(HostAccess access) {
    FakeBackend backend =
        FakeBackend.of("fake://0")
            .with(FakeBackend.device("fake://0", access, Eligibility.AUTOMATIC));
    List<String> warnings = new CopyOnWriteArrayList<>();
    ConformanceReport report = Warnings.during(warnings, () -> prove(backend, new FakeCases()));
    // Tests in other threads may log, too; what a check leaves behind speaks of queues and buffers.
    assertThat(warnings).filteredOn(text -> text.contains("nobody asked for")).isEmpty();
    assertThat(report.survivors()).extracting(MutantResult::name).isEmpty();
    assertThat(report.mutants()).hasSizeGreaterThan(10);
    assertThat(report.mutants()).allSatisfy(m -> assertThat(m.killer()).isPresent());
    assertThat(report.exit()).isEqualTo(ExitCode.OK);
    MutantResult leak =
        report.mutants().stream().filter(m -> m.name().equals("leak")).findFirst().orElseThrow();
    assertThat(leak.evidence()).contains("bytes of device memory behind");
  }

  @Test
  void aCaseThatFailsAnywayCatchesNothing() {
    FakeBackend broken =
        FakeBackend.of("fake://0").running(kernel -> (queue, args, workspace) -> {});
    ConformanceReport report = prove(broken, new FakeCases());
    assertThat(report.survivors())
        .extracting(MutantResult::name)
        .contains("zeros-add", "previous-result-add", "last-element-add", "truncate-add");
    assertThat(report.exit()).isEqualTo(ExitCode.FAILURE);
    assertThat(report.survivors().getFirst().evidence()).contains("cases failed because of it");
  }

  /**
   * Claims are checked the other way round, too; a device that does more than it says is warned.
   */
  @Test
  void aSpecThatIsRefusedAndYetWorksIsAWarning() {
    Front modest =
        new Front() {
          @Override
          public Verdict support(Device device, OpSpec<?> spec) {
            return new Verdict.No(Reason.of(ReasonCode.OPERATOR, "not here"));
          }
        };
    try (Hal hal = Backends.open(HalOptions.DEFAULT, FakeBackend.of("fake://0"));
        Session session =
            Session.open(
                hal,
                "fake://0",
                Instruments.NONE,
                device -> new FrontDevice(device, modest),
                new FakeOracle())) {
      DeviceRun.Limits limits = new DeviceRun.Limits(1, Duration.ofMinutes(1), Optional.empty());
      Item item =
          ItemCatalog.of(new CaseCatalog(List.of(new FakeCases()))).stream()
              .filter(i -> i.testCase().isPresent())
              .findFirst()
              .orElseThrow();
      CaseReport report = new DeviceRun(session, Level.L1, limits).attempt(item);
      assertThat(report.outcome()).isEqualTo(Outcome.UNSUPPORTED);
      assertThat(report.reason())
          .contains("OPERATOR: not here", "warning: yet the device prepares");
    }
  }
}
