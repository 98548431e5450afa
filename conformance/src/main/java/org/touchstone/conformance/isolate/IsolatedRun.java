package org.touchstone.conformance.isolate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.backends.worker.WorkerProcess;
import org.touchstone.backends.worker.WorkerReply;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;

/**
 * Runs items of one device in a worker process: a crash or a hang costs one item, the next one gets
 * a new process.
 */
public final class IsolatedRun {
  private static final Duration START_LIMIT = Duration.ofMinutes(3);
  private static final int MOST_LINES = 5;

  private final String device;
  private final WorkerCommand command;
  private final DeviceRun.Limits limits;
  private final Optional<Journal> journal;
  private Optional<WorkerProcess> worker = Optional.empty();

  /** Creates a run in workers of the suite's own. */
  public static IsolatedRun of(
      String device,
      Level level,
      HalOptions options,
      DeviceRun.Limits limits,
      Optional<Journal> journal) {
    List<String> arguments = new ArrayList<>(List.of(device, level.name()));
    options.settings().forEach((key, value) -> arguments.add(key + "=" + value));
    WorkerCommand command =
        WorkerCommand.of(ConformanceWorker.class, arguments.toArray(new String[0]))
            .forDevice(device);
    return new IsolatedRun(device, command, limits, journal);
  }

  /** Creates a run in workers that a command starts. */
  IsolatedRun(
      String device, WorkerCommand command, DeviceRun.Limits limits, Optional<Journal> journal) {
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
    CaseReport report = ask(item);
    DeviceRun.Finished finished = new DeviceRun.Finished(item, report, System.nanoTime() - start);
    journal.ifPresent(j -> j.done(device, finished));
    return finished;
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
        yield CaseReport.without(Outcome.CRASHED, text(crashed));
      }
      case WorkerReply.TimedOut timedOut -> {
        drop(process);
        yield CaseReport.without(Outcome.TIMEOUT, text(timedOut));
      }
    };
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
    return shown.isEmpty() ? "" : "; " + first(shown.reversed());
  }

  private static String first(List<String> lines) {
    return String.join(" | ", lines.stream().limit(MOST_LINES).toList());
  }
}
