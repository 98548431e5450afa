package org.touchstone.conformance.isolate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.format.DType;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.judge.Bias;
import org.touchstone.conformance.judge.Metrics;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;
import org.touchstone.conformance.run.Shrinking;

class IsolatedRunTest {
  private static final String URI = "fake://0";

  private record Named(String name) implements Item {
    @Override
    public String op() {
      return "add";
    }

    @Override
    public String group() {
      return "cases";
    }

    @Override
    public Level level() {
      return Level.L1;
    }

    @Override
    public CaseReport run(Lane lane) {
      throw new UnsupportedOperationException("runs in a worker");
    }
  }

  private static List<Item> items(String... names) {
    List<Item> items = new ArrayList<>();
    for (String name : names) {
      items.add(new Named(name));
    }
    return items;
  }

  private static List<DeviceRun.Finished> run(
      WorkerCommand command, Duration limit, Optional<Journal> journal, String... names) {
    return new IsolatedRun(
            URI, command, new DeviceRun.Limits(1, limit, Optional.empty()), journal, Shrinking.NONE)
        .run(items(names), f -> {});
  }

  private static WorkerCommand command(String... arguments) {
    return new WorkerCommand(
        UnreliableWorker.class,
        List.of(arguments),
        List.of(),
        Map.of(),
        List.of(Pattern.compile("^Invalid (read|write)")));
  }

  private static List<Outcome> outcomes(List<DeviceRun.Finished> finished) {
    return finished.stream().map(f -> f.report().outcome()).toList();
  }

  @Test
  void aCrashAndAHangCostOneItemEach() {
    List<DeviceRun.Finished> finished =
        run(
            command(),
            Duration.ofSeconds(20),
            Optional.empty(),
            "first",
            "crash",
            "second",
            "complain",
            "third");
    assertThat(outcomes(finished))
        .containsExactly(Outcome.PASS, Outcome.CRASHED, Outcome.PASS, Outcome.FAIL, Outcome.PASS);
    assertThat(finished.get(1).report().reason())
        .contains("signal 6")
        .contains("the driver says good bye");
    assertThat(finished.get(3).report().reason()).isEqualTo("Invalid write of size 4");
    assertThat(outcomes(run(command(), Duration.ofSeconds(1), Optional.empty(), "hang")))
        .containsExactly(Outcome.TIMEOUT);
  }

  @Test
  void aProcessThatDiesForWantOfMemoryIsToldApart() {
    assertThat(
            outcomes(
                run(
                    command(),
                    Duration.ofSeconds(20),
                    Optional.empty(),
                    "killed",
                    "exhausted",
                    "first")))
        .containsExactly(Outcome.OOM, Outcome.OOM, Outcome.PASS);
  }

  @Test
  void reportsSurviveTheWayBetweenProcesses() {
    CaseReport report =
        run(command(), Duration.ofSeconds(20), Optional.empty(), "first").getFirst().report();
    assertThat(report.metrics()).contains(new Metrics(Double.POSITIVE_INFINITY, 0.25, 1, 2));
    assertThat(report.bias()).isEqualTo(Map.of(DType.BF16, new Bias(600, -1.5)));
    assertThat(report.kernel()).isEqualTo("kernel");
  }

  @Test
  void aWorkerThatCannotStartCrashesItsItems() {
    List<DeviceRun.Finished> finished =
        run(command(URI), Duration.ofSeconds(20), Optional.empty(), "first");
    assertThat(outcomes(finished)).containsExactly(Outcome.CRASHED);
    assertThat(finished.getFirst().report().reason())
        .contains("no worker for the device can be started")
        .contains("cannot open fake://0");
  }

  @Test
  void aRunThatWasCutOffGoesOnWhereItWas(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("journal");
    run(command(), Duration.ofSeconds(20), Optional.of(Journal.open(file, "L1")), "first", "crash");
    // Cut off while the third item ran, in the middle of a line.
    Files.writeString(
        file,
        "{\"start\":\"second\",\"device\":\"fake://0\"}\n{\"done\":\"sec",
        StandardOpenOption.APPEND);
    // A worker that cannot start shows that nothing runs twice.
    List<DeviceRun.Finished> resumed =
        run(
            command(URI),
            Duration.ofSeconds(20),
            Optional.of(Journal.open(file, "L1")),
            "first",
            "crash",
            "second",
            "third");
    assertThat(outcomes(resumed))
        .containsExactly(Outcome.PASS, Outcome.CRASHED, Outcome.CRASHED, Outcome.CRASHED);
    assertThat(resumed.get(1).report().reason()).contains("signal 6");
    assertThat(resumed.get(2).report().reason()).isEqualTo("the run ended while this case ran");
    assertThat(resumed.get(3).report().reason()).contains("can be started");
    run(command(), Duration.ofSeconds(20), Optional.of(Journal.open(file, "L1")), "third");
    assertThat(
            outcomes(
                run(
                    command(URI),
                    Duration.ofSeconds(20),
                    Optional.of(Journal.open(file, "L1")),
                    "third")))
        .containsExactly(Outcome.PASS);
    assertThatThrownBy(() -> Journal.open(file, "L2"))
        .isInstanceOf(ConformanceException.class)
        .hasMessageContaining("belongs to another request");
  }
}
