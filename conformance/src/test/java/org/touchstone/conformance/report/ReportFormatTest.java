package org.touchstone.conformance.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Metrics;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportFormatTest {
  private static final String NASTY = "y[3] is <1>, expected \"2\" & more|less\u0001";

  private static CaseResult row(String device, String name, Outcome outcome) {
    boolean ran = outcome.executed();
    return new CaseResult(
        device,
        name,
        name.substring(0, name.indexOf('/')),
        outcome,
        outcome == Outcome.PASS ? "" : NASTY,
        ran ? Optional.of(new Metrics(0.5, 1e-9, 0.75, 1.5)) : Optional.empty(),
        ran ? "add.avx2" : "",
        "F32",
        1_500_000);
  }

  private static final ConformanceReport REPORT =
      new ConformanceReport(
          List.of(
              row("cpu://simd", "add/x=3/random", Outcome.PASS),
              row("cpu://simd", "add/x=4/random", Outcome.FAIL),
              row("cpu://simd", "cast/x=3/random", Outcome.UNSUPPORTED),
              row("opencl://pocl/0", "add/x=3/random", Outcome.CRASHED)),
          List.of(
              new MutantResult(
                  "zeros",
                  "cpu://simd",
                  "writes zeros",
                  "VALUE",
                  Optional.of("add/x=3/random"),
                  "0",
                  1),
              new MutantResult(
                  "leak", "cpu://simd", "leaks", "LEAK", Optional.empty(), "no case failed", 7)),
          Map.of("java", "25"),
          List.of("a note"),
          ExitCode.FAILURE);

  @Test
  void jsonHasTheVersionedSchema() {
    JsonNode root = JsonMapper.builder().build().readTree(ReportFormat.JSON.render(REPORT));
    assertThat(root.get("schema").asInt()).isEqualTo(1);
    JsonNode total = root.get("summary").get("total");
    assertThat(total.propertyNames())
        .containsExactly(
            "cases",
            "pass",
            "fail",
            "unsupported",
            "xfail",
            "xpass",
            "skipped",
            "crashed",
            "timeout",
            "oom",
            "flaky");
    assertThat(total.get("cases").asInt()).isEqualTo(4);
    assertThat(total.get("pass").asInt()).isEqualTo(1);
    assertThat(root.get("summary").get("devices").get("cpu://simd").get("cases").asInt())
        .isEqualTo(3);
    assertThat(root.get("mutants").get("total").asInt()).isEqualTo(2);
    assertThat(root.get("mutants").get("killed").asInt()).isEqualTo(1);
    assertThat(root.get("mutants").get("survivors").get(0).asString()).isEqualTo("leak");
    JsonNode failed = root.get("results").get(1);
    assertThat(failed.get("outcome").asString()).isEqualTo("fail");
    assertThat(failed.get("reason").asString()).isEqualTo(NASTY);
    assertThat(failed.get("maxErrorOverBound").asDouble()).isEqualTo(0.5);
    assertThat(failed.get("ns").asLong()).isEqualTo(1_500_000);
    assertThat(failed.get("repro").asString())
        .isEqualTo("./touchstone conformance --device cpu://simd --case add/x=4/random");
    assertThat(root.get("results").get(2).get("ulp").isNull()).isTrue();
  }

  @Test
  void jsonLinesAreOneObjectEach() {
    List<String> lines = ReportFormat.JSONL.render(REPORT).lines().toList();
    assertThat(lines).hasSize(6);
    JsonMapper json = JsonMapper.builder().build();
    assertThat(lines.stream().map(l -> json.readTree(l).get("type").asString()))
        .containsExactly("run", "result", "result", "result", "result", "summary");
    assertThat(json.readTree(lines.getLast()).get("exit").asInt()).isEqualTo(1);
  }

  @Test
  void csvQuotesWhatNeedsIt() {
    List<String> lines = ReportFormat.CSV.render(REPORT).lines().toList();
    assertThat(lines.getFirst())
        .isEqualTo(
            "device,case,op,outcome,reason,maxErrorOverBound,nmse,cosine,ulp,kernel,traits,ns,repro");
    assertThat(lines.get(1))
        .isEqualTo(
            "cpu://simd,add/x=3/random,add,pass,,0.5,1.0E-9,0.75,1.5,add.avx2,F32,1500000,"
                + "./touchstone conformance --device cpu://simd --case add/x=3/random");
    assertThat(lines.get(2)).contains("\"y[3] is <1>, expected \"\"2\"\" & more|less");
  }

  @Test
  void junitIsWellFormedAndCounts() throws Exception {
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(ReportFormat.JUNIT.render(REPORT))));
    NodeList suites = document.getElementsByTagName("testsuite");
    assertThat(suites.getLength()).isEqualTo(3);
    assertThat(suites.item(0).getAttributes().getNamedItem("failures").getNodeValue())
        .isEqualTo("1");
    assertThat(suites.item(0).getAttributes().getNamedItem("skipped").getNodeValue())
        .isEqualTo("1");
    assertThat(suites.item(1).getAttributes().getNamedItem("errors").getNodeValue()).isEqualTo("1");
    assertThat(document.getElementsByTagName("testcase").getLength()).isEqualTo(6);
    assertThat(document.getElementsByTagName("failure").getLength()).isEqualTo(2);
  }

  @Test
  void textShowsTheTableTheFailuresAndHowToRepeatThem() {
    String text = ReportFormat.TEXT.render(REPORT);
    assertThat(text)
        .contains("FAIL cpu://simd add/x=4/random")
        .contains("  ./touchstone conformance --device cpu://simd --case add/x=4/random")
        .contains("SURVIVED  leak")
        .contains("1 of 2 killed")
        .contains("note: a note")
        .endsWith("1 pass, 1 fail, 1 unsupported, 1 crashed\n");
  }

  @Test
  void htmlEscapesAndNeedsNothingElse() {
    String page = ReportFormat.HTML.render(REPORT);
    assertThat(page).contains("y[3] is &lt;1&gt;").doesNotContain("src=").doesNotContain("href=");
    assertThat(page).contains("y[3] is \\u003c1>").doesNotContain("\u0001");
  }

  @Test
  void markdownEscapesTableCells() {
    assertThat(ReportFormat.MD.render(REPORT))
        .contains("more\\|less")
        .contains("| `add` | 1 | 1 |");
  }

  @Test
  void markdownFitsIntoTheSummaryOfAStepAndCountsWhatDoesNot() {
    List<CaseResult> rows = new ArrayList<>();
    for (int i = 0; i < 9_000; i++) {
      rows.add(row("cpu://simd", "add/x=" + i + ",\u00fc=1/random", Outcome.FAIL));
    }
    String text =
        ReportFormat.MD.render(
            new ConformanceReport(rows, List.of(), Map.of(), List.of("a note"), ExitCode.FAILURE));

    long listed = text.lines().filter(line -> line.startsWith("- **fail**")).count();
    assertThat(text.getBytes(StandardCharsets.UTF_8).length).isBetween(1_000_000, 1 << 20);
    assertThat(listed).isBetween(1_000L, 8_999L);
    assertThat(text)
        .contains("| `add` | 9000 |", "> a note")
        .endsWith(
            "> "
                + (9_000 - listed)
                + " more lines do not fit into a summary of 1 MiB;"
                + " see the other formats.\n");
  }

  @ParameterizedTest
  @EnumSource(ReportFormat.class)
  void everyFormatIsFoundByItsNameAndEndsItsLastLine(ReportFormat format) {
    assertThat(ReportFormat.of(format.label())).contains(format);
    assertThat(format.render(REPORT)).endsWith("\n");
  }
}
