package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.List;
import org.touchstone.conformance.ConformanceReport;

/** The page without a roofline. */
final class HtmlReport implements ReportFormat.Writer {
  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    HtmlPage.write(report, List.of(), out);
  }
}
