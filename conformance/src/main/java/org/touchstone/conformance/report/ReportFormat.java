package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.conformance.ConformanceReport;

/** The formats of a report. */
public enum ReportFormat {
  /** A summary for people. */
  TEXT,
  /** One versioned JSON object. */
  JSON,
  /** One JSON object per line: a header, the results, the summary. */
  JSONL,
  /** One line per result. */
  CSV,
  /** JUnit's XML, one suite per device. */
  JUNIT,
  /** A summary for pull requests. */
  MD,
  /** One page that needs nothing else. */
  HTML,
  /** What a badge service shows: label, counts, colour. */
  BADGE;

  /** Writes one format. */
  interface Writer {
    void write(ConformanceReport report, Appendable out) throws IOException;
  }

  private Writer writer() {
    return switch (this) {
      case TEXT -> new TextReport();
      case JSON -> new JsonReport();
      case JSONL -> new JsonLinesReport();
      case CSV -> new CsvReport();
      case JUNIT -> new JunitReport();
      case MD -> new MarkdownReport();
      case HTML -> new HtmlReport();
      case BADGE -> new BadgeReport();
    };
  }

  /** Returns the name on the command line, for example {@code jsonl}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Finds a format by its name on the command line. */
  public static Optional<ReportFormat> of(String label) {
    return Arrays.stream(values()).filter(f -> f.label().equals(label)).findFirst();
  }

  /** Writes a report. The last line ends with a line feed. */
  public void write(ConformanceReport report, Appendable out) throws IOException {
    writer().write(report, out);
  }

  /** Returns a report as text. */
  public String render(ConformanceReport report) {
    StringBuilder text = new StringBuilder();
    try {
      write(report, text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return text.toString();
  }
}
