package org.touchstone.conformance.isolate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.backends.worker.WorkerProcess;
import org.touchstone.backends.worker.WorkerReply;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Shrinking;

/**
 * Runs items of one device in a worker process: a crash or a hang costs one item, the next one gets
 * a new process.
 */
public final class IsolatedRun {
  private static final Duration START_LIMIT = Duration.ofMinutes(3);
  private static final int MOST_LINES = 5;

  /** How Linux ends a process when memory is exhausted; nobody else kills a worker so. */
  private static final int SIGKILL = 9;

  /** The line of a JVM's crash report that names the signal or the exception. */
  private static final Pattern FATAL = Pattern.compile("^#\\s+(SIG[A-Z]+|EXCEPTION_\\w+) ");

  private static final Pattern NO_MEMORY =
      Pattern.compile("OutOfMemoryError|insufficient memory for the Java Runtime");

  private final String device;
  private final WorkerCommand command;
  private final DeviceRun.Limits limits;
  private final Optional<Journal> journal;
  private final Shrinking shrinking;
  private Optional<WorkerProcess> worker = Optional.empty();

  /** Creates a run in workers of the suite's own. */
  public static IsolatedRun of(
      String device,
      Level level,
      HalOptions options,
      DeviceRun.Limits limits,
      Optional<Journal> journal,
      Shrinking shrinking) {
    List<String> arguments = new ArrayList<>(List.of(device, level.name()));
    options.settings().forEach((key, value) -> arguments.add(key + "=" + value));
    WorkerCommand command =
        WorkerCommand.of(ConformanceWorker.class, arguments.toArray(new String[0]))
            .forDevice(device);
    return new IsolatedRun(device, command, limits, journal, shrinking);
  }

  /** Creates a run in workers that a command starts. */
  IsolatedRun(
      String device,
      WorkerCommand command,
      DeviceRun.Limits limits,
      Optional<Journal> journal,
      Shrinking shrinking) {
    this.shrinking = shrinking;
    this.device = device;
    this.command = command;
    this.limits = limits;
    this.journal = journal;
  }

  /** Runs items in order. */
  public List<DeviceRun.Finished> run(List<Item> items, Consumer<DeviceRun.Finished> listener) {
    List<DeviceRun.Finished> results = new ArrayList<>();
    try {
      for (Item item : items) {
        DeviceRun.Finished finished = one(item);
        results.add(finished);
        listener.accept(finished);
      }
    } finally {
      worker.ifPresent(WorkerProcess::close);
    }
    return results;
  }

  private DeviceRun.Finished one(Item item) {
    Optional<ReportCodec.Timed> earlier = journal.flatMap(j -> j.earlier(device, item));
    if (earlier.isPresent()) {
      return new DeviceRun.Finished(item, earlier.get().report(), earlier.get().nanos());
    }
    long start = System.nanoTime();
    if (limits.deadline().isPresent() && start - limits.deadline().get() >= 0) {
      return new DeviceRun.Finished(
          item,
          CaseReport.without(Outcome.SKIPPED, "BUDGET: the time budget of the run is used up"),
          0);
    }
    Optional<String> obstacle = ensureWorker();
    if (obstacle.isPresent()) {
      return new DeviceRun.Finished(
          item, CaseReport.without(Outcome.CRASHED, obstacle.get()), System.nanoTime() - start);
    }
    journal.ifPresent(j -> j.start(device, item));
    CaseReport report = shrinking.shrunk(item, ask(item), this::again);
    DeviceRun.Finished finished = new DeviceRun.Finished(item, report, System.nanoTime() - start);
    journal.ifPresent(j -> j.done(device, finished));
    return finished;
  }

  /** Asks for an item that no journal knows. */
  private CaseReport again(Item item) {
    return ensureWorker()
        .map(obstacle -> CaseReport.without(Outcome.SKIPPED, obstacle))
        .orElseGet(() -> ask(item));
  }

  /** Starts a worker where none is; says why that fails. */
  private Optional<String> ensureWorker() {
    if (worker.isPresent()) {
      return Optional.empty();
    }
    WorkerProcess fresh = WorkerProcess.start(command);
    WorkerReply reply = fresh.request(ConformanceWorker.READY, START_LIMIT);
    if (reply instanceof WorkerReply.Answer) {
      worker = Optional.of(fresh);
      return Optional.empty();
    }
    fresh.close();
    return Optional.of("no worker for the device can be started: " + text(reply));
  }

  private CaseReport ask(Item item) {
    WorkerProcess process = worker.orElseThrow();
    WorkerReply reply = process.request(item.name(), limits.item());
    return switch (reply) {
      case WorkerReply.Answer answer -> {
        CaseReport report = ReportCodec.read(ReportCodec.parse(answer.line())).report();
        yield answer.findings().isEmpty() || report.outcome().failing()
            ? report
            : report.failing(Outcome.FAIL, first(answer.findings()));
      }
      case WorkerReply.Crashed crashed -> {
        drop(process);
        yield CaseReport.without(exhausted(crashed) ? Outcome.OOM : Outcome.CRASHED, text(crashed));
      }
      case WorkerReply.TimedOut timedOut -> {
        drop(process);
        yield CaseReport.without(Outcome.TIMEOUT, text(timedOut));
      }
    };
  }

  /**
   * Says whether a process died for want of memory: by its own account, or killed by the system.
   */
  private static boolean exhausted(WorkerReply.Crashed crashed) {
    return crashed.exit().signal().filter(signal -> signal == SIGKILL).isPresent()
        || crashed.lastLines().stream().anyMatch(line -> NO_MEMORY.matcher(line).find());
  }

  private void drop(WorkerProcess process) {
    process.close();
    worker = Optional.empty();
  }

  private static String text(WorkerReply reply) {
    return switch (reply) {
      case WorkerReply.Answer answer -> "it answered " + answer.line();
      case WorkerReply.Crashed crashed ->
          "the worker process ended with "
              + crashed.exit()
              + last(crashed.findings(), crashed.lastLines());
      case WorkerReply.TimedOut timedOut ->
          "the case did not end within "
              + timedOut.limit().toSeconds()
              + " s and its process was killed"
              + last(timedOut.findings(), timedOut.lastLines());
    };
  }

  private static String last(List<String> findings, List<String> lines) {
    List<String> shown = findings.isEmpty() ? lines : findings;
    List<String> fatal = fatal(lines);
    if (!fatal.isEmpty()) {
      shown = fatal;
    }
    return shown.isEmpty() ? "" : "; " + first(shown.reversed());
  }

  /** Picks what a crashing JVM says about the crash from all that it says. */
  private static List<String> fatal(List<String> lines) {
    List<String> fatal = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      boolean frame = i > 0 && lines.get(i - 1).endsWith("Problematic frame:");
      if (frame || FATAL.matcher(lines.get(i)).find()) {
        fatal.add(lines.get(i).replaceFirst("^#\\s*", ""));
      }
    }
    return fatal;
  }

  private static String first(List<String> lines) {
    return String.join(" | ", lines.stream().limit(MOST_LINES).toList());
  }
}
