package org.touchstone.conformance.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.bench.Measurement;

/**
 * One page that needs nothing else: verdict, devices by operators with the cases behind every cell,
 * failures with the line that repeats them, how much of its bound each case used, the slowest
 * cases, a roofline when there are measurements, seeded defects, the environment.
 */
public final class HtmlPage {
  private static final int MOST_FAILURES = 200;
  private static final int FINGERPRINT_BYTES = 6;

  private final ConformanceReport report;
  private final PageData data;
  private final Appendable out;

  private HtmlPage(ConformanceReport report, Appendable out) {
    this.report = report;
    this.data = new PageData(report);
    this.out = out;
  }

  /**
   * Writes the page.
   *
   * @param measurements of a benchmark on the same machine; may be empty
   */
  public static void write(ConformanceReport report, List<Measurement> measurements, Appendable out)
      throws IOException {
    new HtmlPage(report, out).page(measurements);
  }

  private void page(List<Measurement> measurements) throws IOException {
    out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n")
        .append("<title>Touchstone conformance</title>\n<style>\n")
        .append(resource("page.css"))
        .append("</style>\n</head>\n<body>\n");
    top();
    out.append("<main>\n");
    HtmlMatrix.write(data, out);
    failures();
    mutants();
    HtmlCharts charts = new HtmlCharts(data, out);
    charts.errors();
    charts.slowest();
    charts.roofline(measurements);
    search();
    environment();
    out.append("<footer>One file, no scripts from elsewhere: ")
        .append(String.format(Locale.ROOT, "%,d", report.results().size()))
        .append(" rows are inside.</footer>\n</main>\n")
        .append("<dialog id=\"drill\" aria-labelledby=\"drill-title\"><div class=\"sheet\">")
        .append("<h2 id=\"drill-title\"></h2>")
        .append("<button class=\"plain\" type=\"button\" data-close autofocus>close</button></div>")
        .append("<div class=\"chips\" id=\"drill-chips\" role=\"group\"")
        .append(" aria-label=\"outcomes\"></div>")
        .append("<div class=\"list\" id=\"drill-list\"></div></dialog>\n")
        .append("<script type=\"application/json\" id=\"data\">")
        .append(data.json())
        .append("</script>\n<script>\n")
        .append(resource("page.js"))
        .append("</script>\n</body>\n</html>\n");
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = HtmlPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(
            "resource " + name + " is missing beside " + HtmlPage.class);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private void top() throws IOException {
    boolean good = report.exit() == ExitCode.OK;
    out.append("<header class=\"top\">\n<h1>Touchstone <span>conformance</span></h1>\n")
        .append("<p class=\"verdict ")
        .append(good ? "good" : "bad")
        .append("\"><strong>")
        .append(good ? "\u2713 proven" : "\u2717 not proven")
        .append("</strong> <span>")
        .append(Tables.escape(sentence()))
        .append("</span></p>\n<ul class=\"tiles\">\n");
    for (Outcome outcome : Tables.outcomes(report)) {
      tile(tone(outcome), report.total().of(outcome), outcome.label());
    }
    if (!report.mutants().isEmpty()) {
      int killed = report.mutants().size() - report.survivors().size();
      tile(report.survivors().isEmpty() ? "good" : "bad", killed, "defects caught");
    }
    if (!report.results().isEmpty()) {
      tile("none", data.devices().size(), data.devices().size() == 1 ? "device" : "devices");
      tile("none", data.ops().size(), "operators and checks");
    }
    out.append("</ul>\n</header>\n");
  }

  private String sentence() {
    if (!report.mutants().isEmpty()) {
      return report.survivors().isEmpty()
          ? "every seeded defect was caught"
          : report.survivors().size()
              + " of "
              + report.mutants().size()
              + " seeded defects survived";
    }
    int failing = report.total().failing();
    return switch (report.exit()) {
      case OK -> "everything that ran is right";
      case SKIP_BUDGET -> "more cases were skipped than the budget allows";
      case DEVICE_MISSING -> "a required device is missing";
      case FAILURE, USAGE, INTERNAL ->
          failing == 0
              ? "the run as a whole failed"
              : failing + (failing == 1 ? " case is wrong" : " cases are wrong");
    };
  }

  private void tile(String tone, int count, String what) throws IOException {
    out.append(
        String.format(
            Locale.ROOT,
            "<li class=\"%s\" data-count=\"%d\" data-what=\"%s\"><b>%,d</b> %s</li>\n",
            tone,
            count,
            what,
            count,
            what));
  }

  /** Returns the colour class of an outcome. */
  static String tone(Outcome outcome) {
    return switch (outcome) {
      case PASS -> "good";
      case XFAIL -> "mixed";
      case UNSUPPORTED, SKIPPED -> "none";
      case FAIL, XPASS, CRASHED, TIMEOUT, OOM, FLAKY -> "bad";
    };
  }

  /** Escapes a name that may break at its own separators, where a phone leaves no room for it. */
  static String breakable(String name) {
    return Tables.escape(name).replaceAll("[/,_]", "$0<wbr>");
  }

  private void failures() throws IOException {
    List<CaseResult> failing = Tables.failing(report);
    if (failing.isEmpty()) {
      return;
    }
    out.append("<section id=\"failures\"><h2>What is wrong</h2>\n<ul class=\"rows\">\n");
    for (CaseResult row : failing.subList(0, Math.min(MOST_FAILURES, failing.size()))) {
      out.append("<li><span class=\"chip bad\">")
          .append(row.outcome().label())
          .append("</span> <span class=\"name\">")
          .append(breakable(row.name()))
          .append("</span>\n<p class=\"why\">")
          .append(Tables.escape(row.reason()))
          .append("</p>\n<div class=\"repro\"><code>")
          .append(breakable(row.repro()))
          .append("</code><button class=\"plain\" type=\"button\" data-copy>copy</button></div>")
          .append("</li>\n");
    }
    out.append("</ul>\n");
    if (failing.size() > MOST_FAILURES) {
      out.append("<p class=\"more\">")
          .append(Integer.toString(failing.size() - MOST_FAILURES))
          .append(" more are behind the cells above.</p>\n");
    }
    out.append("</section>\n");
  }

  private void mutants() throws IOException {
    if (report.mutants().isEmpty()) {
      return;
    }
    out.append("<section id=\"mutants\"><h2>Seeded defects</h2>\n")
        .append("<p class=\"lead\">Each was put into a correct device and has to be caught by a")
        .append(" case that passes without it.</p>\n<ul class=\"rows\">\n");
    for (MutantResult mutant : report.mutants()) {
      out.append("<li><span class=\"chip ")
          .append(mutant.killed() ? "good\">caught" : "bad\">survived")
          .append("</span> <span class=\"name\">")
          .append(Tables.escape(mutant.name()))
          .append("</span>\n<p class=\"why\">")
          .append(Tables.escape(mutant.description() + "; " + mutant.evidence()))
          .append("</p><code>")
          .append(breakable(mutant.device() + mutant.killer().map(k -> " " + k).orElse("")))
          .append("</code></li>\n");
    }
    out.append("</ul></section>\n");
  }

  private void search() throws IOException {
    if (report.results().isEmpty()) {
      return;
    }
    out.append("<section id=\"find\"><h2>Find a case</h2>\n<div class=\"find\"><label>")
        .append("words of its name, device or reason<input id=\"query\" type=\"search\"")
        .append(" autocomplete=\"off\"></label><label>outcome<select id=\"outcome\">")
        .append("<option value=\"\">any</option>");
    for (Outcome outcome : Tables.outcomes(report)) {
      out.append("<option>").append(outcome.label()).append("</option>");
    }
    out.append("</select></label></div>\n<p id=\"found-count\" class=\"lead\"")
        .append(" aria-live=\"polite\"></p><div id=\"found\"></div></section>\n");
  }

  private void environment() throws IOException {
    out.append("<section id=\"environment\"><h2>Environment</h2>\n<dl>\n");
    fact("fingerprint", fingerprint(report.environment()));
    for (Map.Entry<String, String> entry : report.environment().entrySet()) {
      fact(entry.getKey(), entry.getValue());
    }
    out.append("</dl>\n");
    if (!report.notes().isEmpty()) {
      out.append("<h3>Notes</h3>\n<ul>\n");
      for (String note : report.notes()) {
        out.append("<li>").append(Tables.escape(note)).append("</li>\n");
      }
      out.append("</ul>\n");
    }
    out.append("</section>\n");
  }

  private void fact(String name, String value) throws IOException {
    out.append("<dt>")
        .append(Tables.escape(name))
        .append("</dt><dd>")
        .append(Tables.escape(value))
        .append("</dd>\n");
  }

  /** Returns a short digest: equal for runs whose figures may be compared. */
  static String fingerprint(Map<String, String> environment) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      environment.forEach(
          (name, value) ->
              digest.update((name + "=" + value + "\n").getBytes(StandardCharsets.UTF_8)));
      return HexFormat.of().formatHex(digest.digest(), 0, FINGERPRINT_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
