package org.touchstone.conformance.bench;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.backends.spi.LimitProbe.Limit;

/**
 * Draws measurements below the limits that were probed beside them: operations per byte to the
 * right, operations per second upwards, both logarithmic.
 */
public final class Roofline {
  private static final int WIDTH = 860;
  private static final int HEIGHT = 520;
  private static final int LEFT = 70;
  private static final int BOTTOM = 60;
  private static final int TOP = 30;
  private static final int RIGHT = 30;
  // Scoped, because a page may hold other drawings.
  private static final String STYLE =
      "<style>.roofline text{font:12px system-ui,sans-serif;fill:#222}"
          + ".roofline line,.roofline path{stroke:#888;fill:none}.roofline .grid{stroke:#ddd}"
          + ".roofline .roof{stroke:#222;stroke-width:2}.roofline circle{fill:#1565c0}"
          + "@media(prefers-color-scheme:dark){.roofline text{fill:#eee}"
          + ".roofline .grid{stroke:#444}.roofline .roof{stroke:#eee}"
          + ".roofline circle{fill:#64b5f6}}</style>";

  private final List<Measurement> points;
  private final double memory;
  private final double peak;
  private final double minIntensity;
  private final double maxIntensity;
  private final double minRate;
  private final double maxRate;

  private Roofline(List<Measurement> points, double memory, double peak) {
    this.points = points;
    this.memory = memory;
    this.peak = peak;
    double ridge = peak / memory;
    double low = points.stream().mapToDouble(Roofline::intensity).min().orElse(1);
    double high = points.stream().mapToDouble(Roofline::intensity).max().orElse(1);
    minIntensity = decade(Math.min(low, ridge), -1);
    maxIntensity = decade(Math.max(high, ridge), 1);
    double slowest = points.stream().mapToDouble(Roofline::rate).min().orElse(peak);
    minRate = decade(Math.min(slowest, peak / 100), -1);
    maxRate = decade(peak, 1);
  }

  /** Draws an SVG document; empty when no measurement with figures has both limits. */
  public static Optional<String> svg(List<Measurement> measurements) {
    List<Measurement> points =
        measurements.stream()
            .filter(m -> m.times().isPresent() && m.bytes() > 0 && m.operations() > 0)
            .toList();
    Optional<Double> memory = limit(points, Limit.MEMORY);
    Optional<Double> peak = limit(points, Limit.BF16).or(() -> limit(points, Limit.F32));
    return memory.isPresent() && peak.isPresent()
        ? Optional.of(new Roofline(points, memory.get(), peak.get()).draw())
        : Optional.empty();
  }

  private static Optional<Double> limit(List<Measurement> points, Limit limit) {
    return points.stream()
        .flatMap(m -> Optional.ofNullable(m.limits().get(limit)).stream())
        .max(Double::compare);
  }

  private static double intensity(Measurement m) {
    return m.operations() / m.bytes();
  }

  private static double rate(Measurement m) {
    return m.gigaflops() * 1e9;
  }

  private static double decade(double value, int direction) {
    double exponent = Math.log10(value);
    return Math.pow(10, direction < 0 ? Math.floor(exponent) : Math.ceil(exponent));
  }

  private double x(double intensity) {
    double part = Math.log10(intensity / minIntensity) / Math.log10(maxIntensity / minIntensity);
    return LEFT + part * (WIDTH - LEFT - RIGHT);
  }

  private double y(double rate) {
    double part = Math.log10(rate / minRate) / Math.log10(maxRate / minRate);
    return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP);
  }

  private String draw() {
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
                + " class=\"roofline\">"
                + "<title>Roofline: operations per second over operations per byte</title>%s\n",
            WIDTH,
            HEIGHT,
            STYLE));
    grid(svg);
    double ridge = peak / memory;
    svg.append(
        String.format(
            Locale.ROOT,
            "<path class=\"roof\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1f\"/>\n",
            x(Math.max(minIntensity, minRate / memory)),
            y(Math.max(minRate, minIntensity * memory)),
            x(ridge),
            y(peak),
            x(maxIntensity),
            y(peak)));
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.0f GFLOP/s, %.1f GB/s</text>\n",
            x(maxIntensity),
            y(peak) - 8,
            peak / 1e9,
            memory / 1e9));
    for (Measurement m : points) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s on %s: %.1f GFLOP/s, %.1f"
                  + " GB/s</title></circle>\n",
              x(intensity(m)),
              y(rate(m)),
              m.name(),
              m.device(),
              m.gigaflops(),
              m.gigabytes()));
    }
    return svg.append("</svg>\n").toString();
  }

  private void grid(StringBuilder svg) {
    for (double i = minIntensity; i <= maxIntensity * 1.01; i *= 10) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<line class=\"grid\" x1=\"%1$.1f\" y1=\"%2$d\" x2=\"%1$.1f\" y2=\"%3$d\"/>"
                  + "<text x=\"%1$.1f\" y=\"%4$d\" text-anchor=\"middle\">%5$s</text>\n",
              x(i),
              TOP,
              HEIGHT - BOTTOM,
              HEIGHT - BOTTOM + 18,
              number(i)));
    }
    for (double r = minRate; r <= maxRate * 1.01; r *= 10) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<line class=\"grid\" x1=\"%1$d\" y1=\"%2$.1f\" x2=\"%3$d\" y2=\"%2$.1f\"/>"
                  + "<text x=\"%4$d\" y=\"%2$.1f\" text-anchor=\"end\">%5$s</text>\n",
              LEFT,
              y(r),
              WIDTH - RIGHT,
              LEFT - 8,
              number(r / 1e9)));
    }
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">operations per byte</text>"
                + "<text x=\"%d\" y=\"%d\">GFLOP/s</text>\n",
            (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 16,
            8,
            18));
  }

  private static String number(double value) {
    return value >= 1
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.4g", value).replaceAll("\\.?0+$", "");
  }
}
