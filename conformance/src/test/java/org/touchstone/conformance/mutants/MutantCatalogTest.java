package org.touchstone.conformance.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.op.Op;
import org.touchstone.backends.Backends;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.conformance.ConformanceListener;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceRequest.Proof;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.OperatorCases;
import org.touchstone.conformance.fake.FakeBackend;
import org.touchstone.conformance.fake.FakeCases;
import org.touchstone.conformance.fake.FakeOracle;

class MutantCatalogTest {
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
    mutants.forEach(m -> covered.addAll(m.ops()));
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
            Mutant.CaughtBy.VALUE);
  }

  /** Memory that the host does not reach is spoiled through copies. */
  @ParameterizedTest
  @EnumSource(HostAccess.class)
  void everyDefectOfAnAdderIsCaught(HostAccess access) {
    FakeBackend backend =
        FakeBackend.of("fake://0")
            .with(FakeBackend.device("fake://0", access, Eligibility.AUTOMATIC));
    ConformanceReport report = prove(backend, new FakeCases());
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
}
