package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.bench.BenchReader;
import org.touchstone.conformance.bench.Measurement;
import org.touchstone.conformance.report.HtmlPage;
import org.touchstone.conformance.report.ReportFormat;
import org.touchstone.tools.arrow.ArrowReport;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of every command that ends in a report of the suite. */
final class ReportOutput {
  private static final String ARROW = "arrow";

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      converter = FormatName.class,
      description = "text (default), json, jsonl, csv, junit, md, html, badge or arrow.")
  private String format = ReportFormat.TEXT.label();

  @Option(
      names = "--bench",
      paramLabel = "FILE",
      description = "Report of 'bench --format json' whose roofline the html page shows.")
  private Optional<Path> bench = Optional.empty();

  @Mixin private Output output = new Output();

  private List<Measurement> measurements = List.of();

  /** Checks the options, so that no report is lost to a mistake in them; called before the work. */
  void check() {
    if (bench.isPresent()) {
      if (!format.equals(ReportFormat.HTML.label())) {
        throw new UsageException("--bench is shown by --format html only, not by " + format);
      }
      measurements = BenchReader.read(bench.get()).measurements();
    }
  }

  /** Writes a report as the options say. */
  void write(Streams streams, ConformanceReport report) throws IOException {
    Optional<ReportFormat> text = ReportFormat.of(format);
    output.write(
        streams,
        target -> {
          if (text.isEmpty()) {
            ArrowReport.write(report, target);
          } else if (measurements.isEmpty()) {
            text.get().write(report, target);
          } else {
            HtmlPage.write(report, measurements, target);
          }
        });
  }

  /** Accepts the names of formats only. */
  static final class FormatName implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      String name = value.toLowerCase(Locale.ROOT);
      if (!name.equals(ARROW) && ReportFormat.of(name).isEmpty()) {
        throw new TypeConversionException("'" + value + "' is no format of reports");
      }
      return name;
    }
  }
}
