package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.op.Op;
import org.touchstone.tools.ChildJvm;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The suite on PoCL, for both variants of the OpenCL kernels; a process each, because the variant
 * is a setting of the process and a driver may crash it.
 */
class OpenClGateTest {
  private static final String DEVICE = "opencl://pocl/0";
  private static final String CHECKER = "opencl://oclgrind/0";

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

  /**
   * What the short run under the checker is about; products and attention have their own kernels.
   */
  private static final List<String> CHECKED =
      List.of(
          "add",
          "attention",
          "cast",
          "embedding",
          "fused_add_rms_norm",
          "gated_act",
          "gemm",
          "kv_cache_write",
          "mla",
          "moe_combine",
          "moe_permute",
          "moe_route",
          "rms_norm",
          "rope_apply",
          "sample");

  /** Whose defects are seeded by default: every kind of slot, in place, optional and packed. */
  private static final List<String> COPIED = List.of("add", "gemm_bf16", "moe_route");

  private static String environment(String name) {
    return System.getenv().getOrDefault(name, "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "gpu"})
  void everyCaseOfAnOperatorThatIsThereComesOutRight(String variant, @TempDir Path folder)
      throws Exception {
    require(DEVICE, "pocl");
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

  /**
   * Small cases under the checker, where any report of a race, of a read of what was never written
   * or of an access outside of a buffer fails its case.
   */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "gpu"})
  void nothingIsFoundUnderOclgrind(String variant, @TempDir Path folder) throws Exception {
    require(CHECKER, "oclgrind");
    boolean full = environment("TOUCHSTONE_TEST_TIER").equals("full");
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("conformance", "--device", CHECKER, "--format", "json"));
    if (full) {
      Arrays.stream(Op.values()).forEach(op -> arguments.add("--op=" + op.opName()));
    } else {
      arguments.addAll(List.of("--max-elements=" + (variant.equals("cpu") ? 1000 : 400)));
      CHECKED.forEach(op -> arguments.add("--op=" + op));
      arguments.add("--shard=1/" + (variant.equals("cpu") ? 8 : 12));
    }
    JsonNode counters =
        run(arguments, variant, folder).path("summary").path("devices").path(CHECKER);
    assertThat(counters.path("pass").asInt()).isGreaterThan(full ? 500 : 20);
    assertThat(counters.path("pass").asInt()).isEqualTo(counters.path("cases").asInt());
  }

  /** Defects of the kernels' sources, in both variants. */
  @Test
  void everySeededDefectOfTheKernelsIsCaught(@TempDir Path folder) throws Exception {
    require(DEVICE, "pocl");
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("conformance", "--prove", "--case", "cl-*"));
    arguments.addAll(List.of("--device", DEVICE, "--format", "json"));
    JsonNode mutants = run(arguments, "auto", folder).path("mutants");
    assertThat(mutants.path("total").asInt()).isGreaterThanOrEqualTo(25);
    assertThat(mutants.path("killed").asInt()).isEqualTo(mutants.path("total").asInt());
  }

  /** The suite's own defects on memory that the host does not reach; by default in part. */
  @Test
  void everySeededDefectOfALaunchIsCaughtThroughCopies(@TempDir Path folder) throws Exception {
    require(DEVICE, "pocl");
    boolean full = environment("TOUCHSTONE_TEST_TIER").equals("full");
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("conformance", "--prove", "--device", DEVICE, "--format", "json"));
    if (!full) {
      COPIED.forEach(op -> arguments.add("--op=" + op));
    }
    JsonNode report = run(arguments, "auto", folder);
    JsonNode mutants = report.path("mutants");
    assertThat(mutants.path("survivors")).as("defects that nothing caught").isEmpty();
    assertThat(mutants.path("total").asInt()).isGreaterThanOrEqualTo(full ? 300 : 80);
    assertThat(mutants.path("killed").asInt()).isEqualTo(mutants.path("total").asInt());
    assertThat(StreamSupport.stream(report.path("notes").spliterator(), false))
        .as("defects that do not apply")
        .allSatisfy(
            note ->
                assertThat(note.asString())
                    .containsAnyOf(
                        "it belongs to cpu", "it belongs to cuda", "prefer no packed weight"));
  }

  private static void require(String device, String name) {
    Invocation devices = Invocation.of("devices", "--format", "json");
    if (devices.json().path("devices").findValuesAsString("uri").contains(device)) {
      return;
    }
    if (Arrays.asList(environment("TOUCHSTONE_TEST_ABSENT").split(",", -1)).contains(name)) {
      abort("absent: " + name);
    }
    throw new AssertionError(
        device
            + " is not there; install its package, or run ./test --allow-absent "
            + name
            + ": "
            + devices.json().path("backends"));
  }

  @Test
  void withoutADriverDevicesSaysWhyAndTheRestWorks(@TempDir Path folder) throws Exception {
    Path vendors = Files.createDirectory(folder.resolve("vendors"));
    Map<String, String> none =
        Map.of(
            "OCL_ICD_VENDORS", vendors.toString(),
            "OCL_ICD_FILENAMES", "",
            "TOUCHSTONE_OPENCL_OCLGRIND", "off");
    List<String> lines = launch(List.of("devices", "--check"), none, folder).lines().toList();
    assertThat(lines)
        .filteredOn(line -> line.contains("opencl"))
        .singleElement()
        .asString()
        .startsWith("opencl  ABSENT: NO_PLATFORM")
        .contains("install an OpenCL ICD");
    assertThat(lines).anyMatch(line -> line.contains("cpu://simd") && line.contains("PASS"));
    List<String> add =
        List.of("conformance", "--device", "cpu://simd", "--op", "add", "--format", "json");
    JsonNode total =
        JsonMapper.builder()
            .build()
            .readTree(launch(add, none, folder))
            .path("summary")
            .path("total");
    assertThat(total.path("pass").asInt()).isPositive().isEqualTo(total.path("cases").asInt());
  }

  private static JsonNode run(List<String> arguments, String variant, Path folder)
      throws Exception {
    return JsonMapper.builder()
        .build()
        .readTree(launch(arguments, Map.of("TOUCHSTONE_OPENCL_VARIANT", variant), folder));
  }

  /** Runs the command line in a process of its own and returns what it writes on stdout. */
  private static String launch(List<String> arguments, Map<String, String> environment, Path folder)
      throws Exception {
    Path out = folder.resolve("report.json");
    Path err = folder.resolve("messages");
    List<String> command =
        ChildJvm.command(ChildJvm.BRIEF, "-cp", System.getProperty("java.class.path"));
    command.add("org.touchstone.tools.Main");
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("TOUCHSTONE_OPENCL_TUNING", "off");
    builder.environment().putAll(environment);
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(30, TimeUnit.MINUTES)).as("ends within its time").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
    return Files.readString(out);
  }
}
