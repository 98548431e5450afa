package org.touchstone.backends.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.touchstone.backends.cuda.sim.driver.SimDriver;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;

/**
 * Appends what launches moved to a file: a line per launch and kind of instruction, {@code kernel,
 * instruction, space, executed, transactions, ideal, share}, separated by commas. The share is
 * {@code hot} for instructions that ran at least a quarter as often as the one of their space that
 * ran most, as those of an inner loop do, and {@code rare} for the others. Thread-safe.
 */
final class SimMetrics implements SimDriver.Listener {
  /** What a hot instruction's executions times this reach: those of the most executed one. */
  private static final int HOT = 4;

  private final Path file;

  SimMetrics(Path file) {
    this.file = file;
  }

  /** Which instructions are added up. */
  private record Kind(String instruction, LaunchReport.Space space, String share) {}

  /** Sums over the instructions of a kind. */
  private record Sum(long executed, long transactions, long ideal) {
    Sum plus(Sum other) {
      return new Sum(
          executed + other.executed, transactions + other.transactions, ideal + other.ideal);
    }
  }

  @Override
  public synchronized void launched(LaunchReport report) {
    Map<LaunchReport.Space, Long> most = new EnumMap<>(LaunchReport.Space.class);
    for (LaunchReport.Access access : report.accesses()) {
      most.merge(access.space(), access.executed(), Math::max);
    }
    Map<Kind, Sum> sums = new TreeMap<>(Comparator.comparing(Kind::toString));
    for (LaunchReport.Access access : report.accesses()) {
      boolean hot = access.executed() * HOT >= most.getOrDefault(access.space(), 0L);
      sums.merge(
          new Kind(kind(access.text()), access.space(), hot ? "hot" : "rare"),
          new Sum(access.executed(), access.transactions(), access.ideal()),
          Sum::plus);
    }
    StringBuilder lines = new StringBuilder();
    sums.forEach(
        (kind, sum) ->
            lines
                .append(report.kernel())
                .append(',')
                .append(kind.instruction())
                .append(',')
                .append(kind.space())
                .append(',')
                .append(sum.executed())
                .append(',')
                .append(sum.transactions())
                .append(',')
                .append(sum.ideal())
                .append(',')
                .append(kind.share())
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
