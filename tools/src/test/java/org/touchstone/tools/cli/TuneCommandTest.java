package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.backends.spi.TuningSource;
import tools.jackson.databind.JsonNode;

/** Searches on PoCL; nothing depends on what is faster. */
class TuneCommandTest {
  private static final String DEVICE = Needed.POCL;
  private static final String PARAMETER = "attention.split";

  @TempDir Path folder;

  private static List<JsonNode> trials(JsonNode report) {
    return StreamSupport.stream(report.path("trials").spliterator(), false).toList();
  }

  @Test
  void everyValueIsTimedAndNoneIsKeptThatConformanceDidNotPass() {
    Needed.pocl();
    Path file = folder.resolve("sizes.json");
    Invocation run =
        Invocation.of(
            "tune",
            "--device",
            DEVICE,
            "--op",
            "gqa-decode-b1-ctx4096",
            "--parameter",
            PARAMETER,
            "--export",
            file.toString(),
            "--format",
            "json");
    assertThat(run.exit()).as(run.err()).isZero();
    JsonNode report = run.json();
    assertThat(trials(report)).hasSize(4);
    boolean taken = false;
    for (JsonNode trial : trials(report)) {
      assertThat(trial.path("parameter").asString()).isEqualTo(PARAMETER);
      String judgement = trial.path("judgement").asString();
      assertThat(judgement).isIn("taken", "slower");
      assertThat(trial.path("ratio").asDouble()).isPositive();
      if (judgement.equals("taken")) {
        assertThat(trial.path("detail").asString()).matches("\\d{2,} cases passed");
        taken = true;
      }
    }
    assertThat(report.path("outcome").asString()).isEqualTo(taken ? "kept" : "unchanged");
    assertThat(Files.exists(file)).isEqualTo(taken);
    assertThat(report.path("gains").get(0).path("before_ns").asDouble()).isPositive();
  }

  @Test
  void whatCannotBeJudgedInTimeIsNotKept() {
    Needed.pocl();
    Path file = folder.resolve("sizes.json");
    Invocation run =
        Invocation.of(
            "tune",
            "--device",
            DEVICE,
            "--op",
            "attention_decode_paged",
            "--time-budget",
            "0",
            "--export",
            file.toString());
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).contains("the time budget of 0 s was used up", "sizes unchanged");
    assertThat(file).doesNotExist();
  }

  @Test
  void aFileOfThisDeviceIsJudgedAndKeptAndAStaleOneRefused() throws IOException {
    Needed.pocl();
    Path first = folder.resolve("first.json");
    Path second = folder.resolve("second.json");
    Files.writeString(first, ownSizes());
    Invocation run =
        Invocation.of(
            "tune",
            "--device",
            DEVICE,
            "--import",
            first.toString(),
            "--export",
            second.toString());
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).contains("attention.split = 256", "cases passed", "sizes kept");
    assertThat(second).content().contains("\"attention.split\" : \"256\"");

    Files.writeString(
        first, ownSizes().replaceAll("\"kernels\" *: *\"[^\"]*\"", "\"kernels\":\"0\""));
    run = Invocation.of("tune", "--device", DEVICE, "--import", first.toString());
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("TUNING_STALE", "sizes refused");
  }

  /** Sizes for the device as it is, whose key the backend itself wrote. */
  private String ownSizes() throws IOException {
    Path file = folder.resolve("own.json");
    try (Hal hal = Hal.open()) {
      DeviceInfo device =
          hal.devices().stream().filter(d -> d.uri().equals(DEVICE)).findFirst().orElseThrow();
      TuningSource source =
          ServiceLoader.load(TuningSource.class).stream()
              .map(ServiceLoader.Provider::get)
              .filter(s -> s.backend().equals("opencl"))
              .findFirst()
              .orElseThrow();
      source.keep(file, device, Map.of("variant", "cpu", PARAMETER, "256"), List.of());
    }
    return Files.readString(file);
  }

  @Test
  void mistakesNameTheChoices() {
    Needed.pocl();
    assertThat(Invocation.of("tune", "--device", "opencl://pocl/7").err())
        .contains("no device is named");
    assertThat(Invocation.of("tune", "--device", DEVICE, "--op", "gemn").err()).contains("gemm");
    assertThat(Invocation.of("tune", "--device", "cpu://reference").err())
        .contains("no sizes to choose");
    Invocation unknown =
        Invocation.of(
            "tune",
            "--device",
            DEVICE,
            "--op",
            "add",
            "--parameter",
            "speed",
            "--time-budget",
            "0");
    assertThat(unknown.exit()).isEqualTo(2);
    assertThat(unknown.err()).contains("'speed'", PARAMETER);
    assertThat(Invocation.of("tune", "--device", DEVICE, "--import", "nowhere.json").exit())
        .isEqualTo(2);
  }
}
