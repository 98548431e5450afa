package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.bench.Measurement;
import org.touchstone.conformance.bench.Roofline;

/** What the page draws. */
final class HtmlCharts {
  private static final int SLOWEST = 12;

  /** Upper edges of the error/bound classes, inclusive; what is beyond the last has failed. */
  private static final double[] EDGES = {0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 1};

  private final PageData data;
  private final Appendable out;

  HtmlCharts(PageData data, Appendable out) {
    this.data = data;
    this.out = out;
  }

  /** Draws how many cases used how much of their bound, for each device. */
  void errors() throws IOException {
    boolean judged = data.report().results().stream().anyMatch(r -> r.metrics().isPresent());
    if (!judged) {
      return;
    }
    out.append("<section id=\"errors\"><h2>Error over bound</h2>\n")
        .append(
            "<p class=\"lead\">Cases by the largest part of its bound that an element used, up to")
        .append(" the number below the column; beyond 1 is wrong.</p>\n");
    for (String device : data.devices()) {
      int[] counts = new int[EDGES.length + 1];
      data.report().results().stream()
          .filter(row -> row.device().equals(device))
          .flatMap(row -> row.metrics().stream())
          .forEach(metrics -> counts[bin(metrics.errorOverBound())]++);
      if (IntStream.of(counts).sum() > 0) {
        histogram(device, counts);
      }
    }
    out.append("</section>\n");
  }

  private static int bin(double ratio) {
    for (int i = 0; i < EDGES.length; i++) {
      if (ratio <= EDGES[i]) {
        return i;
      }
    }
    return EDGES.length;
  }

  private static String edge(int bin) {
    if (bin == EDGES.length) {
      return "&gt;1";
    }
    return number(EDGES[bin]);
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? Integer.toString((int) value)
        : String.format(Locale.ROOT, "%.3f", value).replaceAll("^0|0+$", "");
  }

  private void histogram(String device, int[] counts) throws IOException {
    int most = IntStream.of(counts).max().orElse(1);
    out.append("<h3><code>")
        .append(Tables.escape(device))
        .append("</code></h3>\n<ol class=\"hist\" data-device=\"")
        .append(Tables.escape(device))
        .append("\">");
    for (int i = 0; i < counts.length; i++) {
      out.append(
          String.format(
              Locale.ROOT,
              "<li%s data-count=\"%d\"><span>%s</span><span class=\"col\">"
                  + "<i style=\"height:%.1f%%\"></i></span><span class=\"edge\">%s</span></li>",
              i == EDGES.length ? " class=\"beyond\"" : "",
              counts[i],
              counts[i] == 0 ? "\u00a0" : Integer.toString(counts[i]),
              100.0 * counts[i] / most,
              edge(i)));
    }
    out.append("</ol>\n");
  }

  /** Lists the cases that took longest. */
  void slowest() throws IOException {
    List<CaseResult> rows = data.report().results();
    List<Integer> order = new ArrayList<>();
    IntStream.range(0, rows.size()).filter(i -> rows.get(i).nanos() > 0).forEach(order::add);
    if (order.isEmpty()) {
      return;
    }
    order.sort(Comparator.comparingLong((Integer i) -> rows.get(i).nanos()).reversed());
    long most = rows.get(order.getFirst()).nanos();
    out.append("<section id=\"slowest\"><h2>Slowest cases</h2>\n")
        .append("<p class=\"lead\">Time on the device and in the reference.</p>\n")
        .append("<ol class=\"slow\">\n");
    for (int i : order.subList(0, Math.min(SLOWEST, order.size()))) {
      CaseResult row = rows.get(i);
      out.append(
          String.format(
              Locale.ROOT,
              "<li><button class=\"link\" type=\"button\" data-row=\"%d\"><code>%s</code></button>"
                  + "<span class=\"time\">%s \u00b7 %s</span>"
                  + "<span class=\"bar\"><i style=\"width:%.1f%%\"></i></span></li>\n",
              i,
              HtmlPage.breakable(row.name()),
              Tables.escape(row.device()),
              time((double) row.nanos()),
              100.0 * row.nanos() / most));
    }
    out.append("</ol></section>\n");
  }

  private static String time(double nanos) {
    return nanos >= 1e9
        ? String.format(Locale.ROOT, "%.2f s", nanos / 1e9)
        : String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
  }

  /** Draws benchmark figures below the limits of their devices, and lists them. */
  void roofline(List<Measurement> measurements) throws IOException {
    if (measurements.isEmpty()) {
      return;
    }
    Map<String, List<Measurement>> devices = new LinkedHashMap<>();
    measurements.forEach(m -> devices.computeIfAbsent(m.device(), d -> new ArrayList<>()).add(m));
    out.append("<section id=\"roofline\"><h2>Roofline</h2>\n");
    for (Map.Entry<String, List<Measurement>> device : devices.entrySet()) {
      out.append("<h3><code>").append(Tables.escape(device.getKey())).append("</code></h3>\n");
      Optional<String> drawing = Roofline.svg(device.getValue());
      if (drawing.isPresent()) {
        scroll("roofline of " + device.getKey());
        out.append(drawing.get()).append("</div>\n");
      }
      figures(device.getValue());
    }
    out.append("</section>\n");
  }

  private void scroll(String label) throws IOException {
    out.append("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"")
        .append(Tables.escape(label))
        .append("\">");
  }

  private void figures(List<Measurement> measurements) throws IOException {
    scroll("benchmark figures");
    out.append("<table class=\"figures\"><thead><tr>");
    for (String head : List.of("workload", "kernel", "median", "GFLOP/s", "GB/s", "of limit")) {
      out.append("<th scope=\"col\">").append(head).append("</th>");
    }
    out.append("</tr></thead><tbody>\n");
    for (Measurement m : measurements) {
      out.append("<tr><th scope=\"row\">")
          .append(Tables.escape(m.name()))
          .append("</th><td><code>")
          .append(Tables.escape(m.problem().orElse(m.kernel())))
          .append("</code></td>");
      cell(m.times().map(t -> time(t.median())).orElse(""));
      cell(m.times().map(t -> String.format(Locale.ROOT, "%.1f", m.gigaflops())).orElse(""));
      cell(m.times().map(t -> String.format(Locale.ROOT, "%.1f", m.gigabytes())).orElse(""));
      cell(
          m.limit()
              .map(
                  l ->
                      String.format(
                          Locale.ROOT,
                          "%.0f %% of %s",
                          100 * l.share(),
                          l.kind().name().toLowerCase(Locale.ROOT)))
              .orElse(""));
      out.append("</tr>\n");
    }
    out.append("</tbody></table></div>\n");
  }

  private void cell(String text) throws IOException {
    out.append("<td class=\"n\">").append(Tables.escape(text)).append("</td>");
  }
}
