package org.touchstone.conformance.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;

/** The JSON formats against the schema that is published with them. */
class ReportSchemaTest {
  private static final ConformanceReport REPORT =
      new ConformanceReport(
          Arrays.stream(Outcome.values())
              .map(outcome -> SampleReports.row("add/" + outcome.label() + "/random", outcome))
              .toList(),
          List.of(
              new MutantResult(
                  "zeros", "cpu://simd", "", "VALUE", Optional.of("add/x/random"), "0", 1),
              new MutantResult("leak", "cpu://simd", "", "LEAK", Optional.empty(), "none", 7)),
          Map.of("java", "25"),
          List.of("a note"),
          ExitCode.FAILURE);

  private Schema schema;

  @BeforeEach
  void read() throws IOException {
    try (InputStream in = ReportFormat.class.getResourceAsStream("report-1.schema.json")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      schema =
          SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
              .getSchema(text, InputFormat.JSON);
    }
  }

  private List<String> problems(String json) {
    return schema.validate(json, InputFormat.JSON).stream().map(Object::toString).toList();
  }

  @Test
  void aReportIsValid() {
    assertThat(problems(ReportFormat.JSON.render(REPORT))).isEmpty();
  }

  @Test
  void everyLineIsValid() {
    List<String> lines = ReportFormat.JSONL.render(REPORT).lines().toList();

    assertThat(lines).hasSize(Outcome.values().length + 2);
    for (String line : lines) {
      assertThat(problems(line)).as(line).isEmpty();
    }
  }

  @Test
  void emptyReportsAreValid() {
    ConformanceReport empty =
        new ConformanceReport(List.of(), List.of(), Map.of(), List.of(), ExitCode.DEVICE_MISSING);

    assertThat(problems(ReportFormat.JSON.render(empty))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "`\"schema\":1`, `\"schema\":2`",
        "`\"outcome\":\"oom\"`, `\"outcome\":\"melted\"`",
        "`\"reason\":\"why\"`, `\"reason\":\"\"`",
        "`\"ns\":2000000`, `\"ns\":-1`",
        "`\"ns\":2000000,`, ``",
        "`\"killed\":1`, `\"killed\":\"one\"`",
        "`\"exit\":1`, `\"exit\":5`",
        "`\"total\":{\"cases\"`, `\"total\":{\"kases\"`",
      })
  void whatIsWrongIsNoticed(String right, String wrong) {
    String json = ReportFormat.JSON.render(REPORT);
    assertThat(json).contains(right);

    assertThat(
            problems(
                json.replaceFirst(
                    java.util.regex.Pattern.quote(right), wrong == null ? "" : wrong)))
        .isNotEmpty();
  }

  @Test
  void theSchemaNamesEveryMemberThatIsWritten() throws IOException {
    String text;
    try (InputStream in = ReportFormat.class.getResourceAsStream("report-1.schema.json")) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    List<String> names = new ArrayList<>(Tables.COLUMNS);
    for (Outcome outcome : Outcome.values()) {
      names.add(outcome.label());
    }
    CaseResult row = REPORT.results().getFirst();
    assertThat(Tables.fields(row).keySet()).containsExactlyElementsOf(Tables.COLUMNS);
    for (String name : names) {
      assertThat(text).contains('"' + name + '"');
    }
  }
}
