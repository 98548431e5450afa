package org.touchstone.tools.device;

import java.time.Duration;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.backends.worker.WorkerChannel;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.backends.worker.WorkerProcess;
import org.touchstone.backends.worker.WorkerReply;

/** Checks a device that needs a process of its own. */
public final class DeviceCheckWorker {
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final String PASS = "PASS";

  private DeviceCheckWorker() {}

  /** Serves requests that are the URI of a device. */
  public static void main(String[] arguments) {
    try (Hal hal = Hal.open()) {
      WorkerChannel.serve(uri -> DeviceCheck.here(hal, uri).text().replaceAll("\\R", " "));
    }
  }

  static DeviceCheck ask(String uri) {
    try (WorkerProcess worker =
        WorkerProcess.start(WorkerCommand.of(DeviceCheckWorker.class).forDevice(uri))) {
      return switch (worker.request(uri, LIMIT)) {
        case WorkerReply.Answer answer when !answer.findings().isEmpty() ->
            new DeviceCheck(false, "FAIL: " + answer.findings().getFirst());
        case WorkerReply.Answer answer ->
            new DeviceCheck(answer.line().startsWith(PASS), answer.line());
        case WorkerReply.Crashed crashed ->
            new DeviceCheck(false, "FAIL: its process ended with " + crashed.exit());
        case WorkerReply.TimedOut timedOut ->
            new DeviceCheck(false, "FAIL: no answer within " + timedOut.limit().toSeconds() + " s");
      };
    } catch (HalException e) {
      return new DeviceCheck(false, "FAIL: " + e.getMessage());
    }
  }
}
