package org.touchstone.conformance.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.backends.spi.LimitProbe.Limit;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.bench.Measurement.Bound;
import org.touchstone.conformance.bench.Measurement.PeerTime;
import org.touchstone.conformance.bench.Measurement.Times;
import org.touchstone.conformance.report.BenchDiff;
import org.touchstone.conformance.report.ReportDiff;
import org.touchstone.conformance.report.ReportDiff.Kind;

class BenchReaderTest {
  @TempDir Path folder;

  private static Measurement measured(String name, double median, double spread) {
    return new Measurement(
        name,
        "gemm_bf16",
        "cpu://simd",
        "gemm.avx2",
        Optional.empty(),
        Optional.of(new Times(median, median - spread, median + spread, 31, 2)),
        8_192_000,
        1_024_000,
        Map.of(Limit.MEMORY, 2e10),
        Optional.of(new Bound(Limit.MEMORY, 2e10, 0.5)),
        Optional.of(new Measurement.Memory(4096, 1_000_000, 1_000_448)),
        List.of(PeerTime.of("other", 2048, 2), PeerTime.wrong("odd", "y[0] is 1")));
  }

  private static Measurement broken(String name) {
    return new Measurement(
        name,
        "add",
        "cpu://simd",
        "",
        Optional.of("wrong result"),
        Optional.empty(),
        0,
        0,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  private static BenchReport report(Measurement... measurements) {
    return new BenchReport(Map.of("java", "25"), List.of(measurements));
  }

  @Test
  void readsWhatWasWritten() throws IOException {
    BenchReport report = report(measured("a", 1024, 64), broken("b"));
    Path file = Files.writeString(folder.resolve("bench.json"), report.json());

    assertThat(BenchReader.recognises(file)).isTrue();
    assertThat(BenchReader.read(file)).isEqualTo(report);
  }

  @Test
  void otherFilesAreRefusedByName() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "hello");
    Path other = Files.writeString(folder.resolve("other"), "{\"schema\":1,\"results\":[]}");

    for (Path file : List.of(text, other, folder.resolve("none"))) {
      assertThat(BenchReader.recognises(file)).isFalse();
      assertThatThrownBy(() -> BenchReader.read(file))
          .isInstanceOf(ConformanceException.class)
          .hasMessageContaining(file.toString());
    }
  }

  @Test
  void aDifferenceCountsBeyondTheSpreadOfBothRuns() {
    BenchReport before =
        report(
            measured("same", 1000, 50),
            measured("slower", 1000, 50),
            measured("faster", 1000, 50),
            measured("noisy", 1000, 300),
            measured("breaks", 1000, 50),
            broken("repaired"),
            measured("gone", 1000, 50));
    BenchReport after =
        report(
            measured("same", 1010, 1),
            measured("slower", 1200, 50),
            measured("faster", 800, 50),
            measured("noisy", 1200, 50),
            broken("breaks"),
            measured("repaired", 1000, 50),
            measured("added", 1000, 50));

    ReportDiff diff = BenchDiff.of(before, after);

    Map<Kind, String> expected =
        Map.of(
            Kind.SLOWER, "slower",
            Kind.FASTER, "faster",
            Kind.NEW_FAILURE, "breaks",
            Kind.FIXED, "repaired",
            Kind.NEW, "added",
            Kind.LOST, "gone");
    assertThat(diff.changes()).hasSize(expected.size());
    expected.forEach(
        (kind, name) -> assertThat(diff.of(kind)).extracting(c -> c.name()).containsExactly(name));
    assertThat(diff.of(Kind.SLOWER).getFirst().detail())
        .isEqualTo("1.0 us (1.0..1.1) -> 1.2 us (1.2..1.3)");
    assertThat(diff.environment()).isEmpty();
  }
}
