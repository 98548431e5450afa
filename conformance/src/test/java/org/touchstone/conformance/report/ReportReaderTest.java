package org.touchstone.conformance.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.touchstone.conformance.report.SampleReports.row;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;

class ReportReaderTest {
  private static final ConformanceReport REPORT =
      new ConformanceReport(
          List.of(
              row("add/x=3/random", Outcome.PASS),
              row("add/x=4/random", Outcome.FAIL),
              row("cast/x=3/random", Outcome.UNSUPPORTED)),
          List.of(
              new MutantResult(
                  "zeros", "cpu://simd", "zeros", "VALUE", Optional.of("add/x=3/random"), "0", 1),
              new MutantResult("leak", "cpu://simd", "", "LEAK", Optional.empty(), "none", 7)),
          Map.of("java", "25"),
          List.of("a note"),
          ExitCode.FAILURE);

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"JSON", "JSONL"})
  void readsWhatWasWritten(ReportFormat format) throws IOException {
    Path file = Files.writeString(folder.resolve("report"), format.render(REPORT));

    assertThat(ReportReader.read(file)).isEqualTo(REPORT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                                      | it is empty
          hello                                   | line 1 is not what was written
          {"schema":1,"results":[]}               | line 1 is not what was written
          {"schema":7,"results":[]}               | schema 7, expected 1
          {"schema":1,"type":"odd"}               | type "odd"
          """)
  void saysWhatIsWrongWithAFile(String content, String message) throws IOException {
    Path file = Files.writeString(folder.resolve("report"), content);

    assertThatThrownBy(() -> ReportReader.read(file))
        .isInstanceOf(ConformanceException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message)
        .hasMessageContaining("conformance --format json");
  }

  @Test
  void aTruncatedRunIsNotAReport() throws IOException {
    List<String> lines = ReportFormat.JSONL.render(REPORT).lines().toList();
    Path file = Files.write(folder.resolve("report"), lines.subList(0, lines.size() - 1));

    assertThatThrownBy(() -> ReportReader.read(file)).hasMessageContaining("did not end");
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("none");

    assertThatThrownBy(() -> ReportReader.read(file)).hasMessage(file + ": no such file");
  }
}
