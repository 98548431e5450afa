package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The suite on PoCL, for both variants of the OpenCL kernels; a process each, because the variant
 * is a setting of the process and a driver may crash it.
 */
class OpenClGateTest {
  private static final String DEVICE = "opencl://pocl/0";

  /** What the gpu variant is run on; groups of many work-items are slow on a processor. */
  private static final List<String> SMOKE =
      List.of(
          "add",
          "cast",
          "dequantize",
          "embedding",
          "fused_add_rms_norm",
          "gated_act",
          "kv_cache_write",
          "moe_align_block_size",
          "moe_combine",
          "moe_permute",
          "moe_route",
          "quantize_fp8_block",
          "quantize_fp8_group",
          "rms_norm",
          "rope_apply",
          "rope_freqs",
          "sample");

  private static String environment(String name) {
    return System.getenv().getOrDefault(name, "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "gpu"})
  void everyCaseOfAnOperatorThatIsThereComesOutRight(String variant, @TempDir Path folder)
      throws Exception {
    requirePocl();
    boolean full = environment("TOUCHSTONE_TEST_TIER").equals("full");
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("conformance", "--device", DEVICE, "--format", "json"));
    arguments.addAll(List.of("--level", full && variant.equals("cpu") ? "L2" : "L1"));
    if (variant.equals("gpu") && !full) {
      SMOKE.forEach(op -> arguments.add("--op=" + op));
    }
    JsonNode report = run(arguments, variant, folder);
    JsonNode counters = report.path("summary").path("devices").path(DEVICE);
    for (String wrong : List.of("fail", "xpass", "crashed", "timeout", "oom", "flaky", "skipped")) {
      assertThat(counters.path(wrong).asInt()).as("%s of %s", wrong, counters).isZero();
    }
    assertThat(counters.path("pass").asInt()).isGreaterThan(1000);
    List<String> passed =
        StreamSupport.stream(report.path("results").spliterator(), false)
            .filter(row -> row.path("outcome").asString().equals("pass"))
            .map(row -> row.path("op").asString())
            .distinct()
            .toList();
    assertThat(passed).containsAll(SMOKE);
  }

  private static void requirePocl() {
    Invocation devices = Invocation.of("devices", "--format", "json");
    if (devices.json().path("devices").findValuesAsString("uri").contains(DEVICE)) {
      return;
    }
    if (Arrays.asList(environment("TOUCHSTONE_TEST_ABSENT").split(",", -1)).contains("pocl")) {
      abort("absent: pocl");
    }
    throw new AssertionError(
        DEVICE
            + " is not there; install pocl-opencl-icd, or run ./test --allow-absent pocl: "
            + devices.json().path("backends"));
  }

  private static JsonNode run(List<String> arguments, String variant, Path folder)
      throws Exception {
    Path java =
        Path.of(ProcessHandle.current().info().command().orElseThrow()).resolveSibling("java");
    Path out = folder.resolve("report.json");
    Path err = folder.resolve("messages");
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            java.toString(),
            "@" + Path.of("..", "jvm.args").toRealPath(),
            "-cp",
            System.getProperty("java.class.path"),
            "org.touchstone.tools.Main"));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("TOUCHSTONE_OPENCL_VARIANT", variant);
    builder.environment().put("TOUCHSTONE_OPENCL_TUNING", "off");
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(30, TimeUnit.MINUTES)).as("ends within its time").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
    return JsonMapper.builder().build().readTree(Files.readString(out));
  }
}
