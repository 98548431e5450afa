package org.touchstone.conformance.isolate;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.format.DType;
import org.touchstone.backends.worker.WorkerChannel;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Bias;
import org.touchstone.conformance.judge.Metrics;
import org.touchstone.conformance.run.CaseReport;

/** A worker that dies, hangs or complains, as the name of the item says. */
public final class UnreliableWorker {
  private UnreliableWorker() {}

  /** Serves requests. */
  public static void main(String[] arguments) {
    if (arguments.length > 0) {
      System.err.println("cannot open " + arguments[0]);
      System.exit(3);
    }
    WorkerChannel.serve(UnreliableWorker::answer);
  }

  private static String answer(String request) {
    switch (request) {
      case ConformanceWorker.READY -> {
        return request;
      }
      case "crash" -> {
        System.err.println("the driver says good bye");
        Runtime.getRuntime().halt(134);
      }
      case "killed" -> Runtime.getRuntime().halt(137);
      case "exhausted" -> {
        System.err.println("Terminating due to java.lang.OutOfMemoryError: Java heap space");
        Runtime.getRuntime().halt(3);
      }
      case "hang" -> {
        try {
          Thread.sleep(Duration.ofMinutes(5));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      case "complain" -> System.err.println("Invalid write of size 4");
      default -> System.err.println("ran " + request);
    }
    CaseReport report =
        new CaseReport(
            Outcome.PASS,
            "",
            Optional.of(new Metrics(Double.POSITIVE_INFINITY, 0.25, 1, 2)),
            "kernel",
            "F32",
            Map.of(DType.BF16, new Bias(600, -1.5)));
    return ReportCodec.line(ReportCodec.fields(report, 42));
  }
}
