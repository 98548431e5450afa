package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.Outcome;

/** Operators by devices: a button per pair that opens its cases. */
final class HtmlMatrix {
  private HtmlMatrix() {}

  static void write(PageData data, Appendable out) throws IOException {
    if (data.ops().isEmpty()) {
      return;
    }
    Map<String, Map<String, List<CaseResult>>> rows = Tables.byDeviceAndOp(data.report());
    out.append("<section id=\"matrix\"><h2>Operators and devices</h2>\n")
        .append("<p class=\"lead\">Passed of all; a cell opens its cases.</p>\n")
        .append("<div class=\"scroll\" role=\"region\" tabindex=\"0\"")
        .append(" aria-label=\"operators and devices\"><table class=\"matrix\">\n")
        .append("<caption class=\"hidden\">cases by operator and device</caption>\n")
        .append("<thead><tr><th scope=\"col\">operator or check</th>");
    for (String device : data.devices()) {
      out.append("<th scope=\"col\"><code>")
          .append(HtmlPage.breakable(device))
          .append("</code></th>");
    }
    out.append("</tr></thead>\n<tbody>\n");
    for (int op = 0; op < data.ops().size(); op++) {
      String name = data.ops().get(op);
      out.append("<tr><th scope=\"row\"><code>")
          .append(HtmlPage.breakable(name))
          .append("</code></th>");
      for (int device = 0; device < data.devices().size(); device++) {
        String uri = data.devices().get(device);
        Counters counters =
            Counters.of(rows.getOrDefault(uri, Map.of()).getOrDefault(name, List.of()));
        out.append("<td>");
        if (counters.cases() > 0) {
          cell(name + " on " + uri, device + " " + op, counters, out);
        }
        out.append("</td>");
      }
      out.append("</tr>\n");
    }
    out.append("</tbody></table></div></section>\n");
  }

  private static void cell(String what, String cell, Counters counters, Appendable out)
      throws IOException {
    String tone = tone(counters);
    out.append(
        String.format(
            Locale.ROOT,
            "<button type=\"button\" class=\"cell %s\" data-cell=\"%s\" data-cases=\"%d\""
                + " aria-label=\"%s\"><span>%s</span><span class=\"mark\">%s</span>"
                + "<span class=\"bar\">",
            tone,
            cell,
            counters.cases(),
            Tables.escape(what + ": " + Tables.text(counters)),
            amount(counters),
            mark(tone)));
    for (Outcome outcome : Outcome.values()) {
      if (counters.of(outcome) > 0) {
        out.append(
            String.format(
                Locale.ROOT,
                "<i class=\"%s\" style=\"width:%.2f%%\"></i>",
                HtmlPage.tone(outcome),
                100.0 * counters.of(outcome) / counters.cases()));
      }
    }
    out.append("</span></button>");
  }

  private static String amount(Counters counters) {
    return counters.of(Outcome.PASS) == counters.cases()
        ? Integer.toString(counters.cases())
        : counters.of(Outcome.PASS) + " of " + counters.cases();
  }

  private static String tone(Counters counters) {
    if (counters.failing() > 0) {
      return "bad";
    }
    if (counters.executed() == 0) {
      return "none";
    }
    return counters.of(Outcome.PASS) == counters.cases() ? "good" : "mixed";
  }

  /** Colour alone tells nothing to those who cannot see it. */
  private static String mark(String tone) {
    return switch (tone) {
      case "good" -> "\u2713";
      case "bad" -> "\u2717";
      case "mixed" -> "\u25d0";
      default -> "\u2013";
    };
  }
}
