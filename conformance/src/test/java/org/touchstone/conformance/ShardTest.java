package org.touchstone.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.touchstone.conformance.fake.FakeRuns.CORRECT;
import static org.touchstone.conformance.fake.FakeRuns.request;
import static org.touchstone.conformance.fake.FakeRuns.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.report.ReportFormat;
import org.touchstone.conformance.report.ReportMerge;
import org.touchstone.conformance.report.ReportReader;

class ShardTest {
  private static List<String> names(Shard shard) {
    return ConformanceSuite.list(
        ConformanceRequest.builder().op("moe").level(Level.L1).shard(shard).build());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void shardsAreDisjointAndComplete(int count) {
    List<String> all = names(Shard.ALL);
    List<String> parts = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      List<String> part = names(new Shard(i, count));
      assertThat(part.size()).isBetween(all.size() / count, all.size() / count + 1);
      parts.addAll(part);
    }

    assertThat(parts).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(all);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/99999999"})
  void impossibleShardsAreUsageErrors(String text) {
    assertThatThrownBy(() -> Shard.of(text))
        .isInstanceOfSatisfying(
            ConformanceException.class, e -> assertThat(e.exit()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining("shard");
  }

  private static ConformanceReport prove(Shard shard) {
    return run(
        CORRECT, request().caseName("*-add").proof(ConformanceRequest.Proof.MUTANTS).shard(shard));
  }

  @Test
  void shardsOfSeededDefectsJoinToTheWholeMatrix(@TempDir Path folder) throws IOException {
    ConformanceReport whole = prove(Shard.ALL);
    int defects = whole.mutants().size();
    List<ConformanceReport> parts = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      String json = ReportFormat.JSON.render(prove(new Shard(i, 3)));
      parts.add(ReportReader.read(Files.writeString(folder.resolve(i + ".json"), json)));
      assertThat(parts.getLast().mutants().size()).isBetween(defects / 3, defects / 3 + 1);
    }

    ConformanceReport joined = ReportMerge.of(parts);
    assertThat(defects).isGreaterThan(5);
    assertThat(joined.mutants()).containsExactlyInAnyOrderElementsOf(whole.mutants());
    assertThat(joined.survivors()).isEmpty();
    assertThat(joined.exit()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aShardWithoutADefectProvesNothing() {
    ConformanceReport report = prove(new Shard(1000, 1000));
    assertThat(report.mutants()).isEmpty();
    assertThat(report.exit()).isEqualTo(ExitCode.FAILURE);
    assertThat(report.notes()).contains("no seeded defect was run, so nothing is proven");
  }

  @Test
  void whatSeededDefectsDoNotHaveIsRefused() {
    Map<String, UnaryOperator<ConformanceRequest.Builder>> options =
        Map.of(
            "worker processes",
            b -> b.isolation(ConformanceRequest.Isolation.WORKER),
            "a journal",
            b -> b.journal(Path.of("journal")),
            "several threads",
            b -> b.threads(2),
            "a time budget",
            b -> b.timeBudget(Duration.ofSeconds(1)),
            "a skip budget",
            b -> b.skipBudget(1),
            "a limit of elements",
            b -> b.mostElements(1),
            "expectations",
            b -> b.expectations(Path.of("expected")));
    options.forEach(
        (name, option) -> {
          assertThat(option.apply(request()).build()).as(name).isNotNull();
          assertThatThrownBy(
                  () -> option.apply(request().proof(ConformanceRequest.Proof.MUTANTS)).build())
              .isInstanceOfSatisfying(
                  ConformanceException.class, e -> assertThat(e.exit()).isEqualTo(ExitCode.USAGE))
              .hasMessageContaining(name);
        });
  }

  @Test
  void textAndNumbersAgree() {
    assertThat(Shard.of("2/4")).isEqualTo(new Shard(2, 4)).hasToString("2/4");
  }
}
