package org.touchstone.backends.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.touchstone.backends.cuda.sim.driver.SimDriver;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;

/**
 * Appends what launches moved to a file: a line per launch and kind of instruction, {@code kernel,
 * instruction, space, executed, transactions, ideal}, separated by commas. Thread-safe.
 */
final class SimMetrics implements SimDriver.Listener {
  private final Path file;

  SimMetrics(Path file) {
    this.file = file;
  }

  /** Sums over the instructions of a kind. */
  private record Sum(long executed, long transactions, long ideal) {
    Sum plus(Sum other) {
      return new Sum(
          executed + other.executed, transactions + other.transactions, ideal + other.ideal);
    }
  }

  @Override
  public synchronized void launched(LaunchReport report) {
    Map<String, Sum> sums = new TreeMap<>();
    for (LaunchReport.Access access : report.accesses()) {
      sums.merge(
          kind(access.text()) + "," + access.space(),
          new Sum(access.executed(), access.transactions(), access.ideal()),
          Sum::plus);
    }
    StringBuilder lines = new StringBuilder();
    sums.forEach(
        (kind, sum) ->
            lines
                .append(report.kernel())
                .append(',')
                .append(kind)
                .append(',')
                .append(sum.executed())
                .append(',')
                .append(sum.transactions())
                .append(',')
                .append(sum.ideal())
                .append('\n'));
    try {
      Files.writeString(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns an instruction without its guard, operands and types. */
  private static String kind(String text) {
    String name = text.replaceFirst("^@\\S+\\s+", "").replaceFirst("\\s.*$", "");
    if (name.startsWith("cp.async")) {
      return "cp.async";
    }
    int dot = name.indexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }
}
