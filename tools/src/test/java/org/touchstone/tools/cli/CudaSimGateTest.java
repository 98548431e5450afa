package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.op.Op;
import tools.jackson.databind.JsonNode;

/**
 * The suite on simulated GPUs, which execute the PTX that ships with all checks on. By default
 * sm_89 and its seeded defects in part; the long tier runs every target, by three orders of
 * execution.
 */
@ResourceLock("settings of simulated GPUs")
class CudaSimGateTest {

  private static final String DEVICE = "cuda-sim://sm_89";

  /** Operators whose defects are seeded by default. */
  private static final List<String> PROVEN = List.of("gemm_bf16", "rms_norm", "moe_permute");

  private static boolean full() {
    return "full".equals(System.getenv("TOUCHSTONE_TEST_TIER"));
  }

  private static void allPass(String device, Map<String, String> settings, String... arguments) {
    List<String> all = new ArrayList<>(List.of("conformance", "--device", device));
    all.addAll(List.of("--threads", "2", "--format", "json"));
    all.addAll(List.of(arguments));
    settings.forEach(System::setProperty);
    try {
      Invocation run = Invocation.of(all.toArray(String[]::new));
      JsonNode report = run.json();
      JsonNode counters = report.path("summary").path("devices").path(device);
      assertThat(run.exit()).as(run.err()).isZero();
      assertThat(counters.path("cases").asInt()).isGreaterThan(1000);
      assertThat(counters.path("pass").asInt())
          .as("passed cases of %s", counters)
          .isEqualTo(counters.path("cases").asInt());
      assertThat(
              StreamSupport.stream(report.path("results").spliterator(), false)
                  .map(row -> row.path("op").asString()))
          .containsAll(Arrays.stream(Op.values()).map(Op::opName).toList());
    } finally {
      settings.keySet().forEach(System::clearProperty);
    }
  }

  @Test
  void everyCasePasses() {
    allPass(DEVICE, Map.of(), "--level", "L1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_90", "sm_100", "sm_120"})
  void everyCasePassesOnOtherTargets(String target) {
    if (full()) {
      allPass("cuda-sim://" + target, Map.of(), "--level", "L1");
      return;
    }
    // Their kernels are those of sm_89, but for what multiplies FP8.
    Invocation run =
        Invocation.of(
            "conformance",
            "--device",
            "cuda-sim://" + target,
            "--op",
            "gemm_fp8_block",
            "--format",
            "json");
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.json().path("summary").path("total").path("pass").asInt()).isGreaterThan(50);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void everyOrderOfExecutionPasses(int seed) {
    Map<String, String> settings = Map.of("touchstone.cuda-sim.seed", Integer.toString(seed));
    if (full()) {
      allPass(DEVICE, settings, "--level", "L1");
      return;
    }
    settings.forEach(System::setProperty);
    try {
      Invocation run =
          Invocation.of(
              "conformance", "--device", DEVICE, "--op", "moe_permute", "--format", "json");
      assertThat(run.exit()).as(run.err()).isZero();
    } finally {
      settings.keySet().forEach(System::clearProperty);
    }
  }

  /** Tiles in shared memory must meet no bank twice, and copies must use the sectors they fetch. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "gemm_bf16/m=64,n=64,k=128,out=BF16,bias=NONE,c=OVERWRITE/random",
        "gemm_fp8_block/m=64,n=64,k=128,out=BF16,bias=NONE,c=OVERWRITE/random",
        "attention_prefill/b=1,sq=80,sk=80,h=32,kv=8,d=128,dv=128,mask=causal,in=BF16,out=BF16/random",
        "attention_decode_paged/sq=1,cache=BF16,h=4,kv=2,d=64,dv=64,mask=causal,in=BF16,out=BF16,len=130,page=64/random",
        "mla_decode_absorbed/sq=1,cache=BF16,h=16,dc=512,dn=128,dr=64,dv=128,mask=causal,in=BF16,w=BF16,out=BF16,len=300+20,page=64/random"
      })
  void tensorCoreKernelsWasteNoTransactions(String name, @TempDir Path folder) throws IOException {
    Path metrics = folder.resolve("metrics.csv");
    System.setProperty("touchstone.cuda-sim.metrics", metrics.toString());
    try {
      Invocation run = Invocation.of("conformance", "--device", DEVICE, "--case", name);
      assertThat(run.exit()).as(run.err()).isZero();
    } finally {
      System.clearProperty("touchstone.cuda-sim.metrics");
    }
    List<String[]> rows =
        Files.readAllLines(metrics).stream()
            .map(line -> line.split(",", -1))
            .filter(row -> row[0].contains("_mma_"))
            .toList();
    assertThat(ratio(rows, "ldmatrix", "SHARED")).as("wavefronts of ldmatrix").isEqualTo(1);
    assertThat(ratio(rows, "cp.async", "GLOBAL")).as("sectors of cp.async").isBetween(1.0, 1.25);
  }

  private static double ratio(List<String[]> rows, String instruction, String space) {
    List<String[]> chosen =
        rows.stream().filter(r -> r[1].equals(instruction) && r[2].equals(space)).toList();
    assertThat(chosen).as("%s in a tensor-core kernel", instruction).isNotEmpty();
    double transactions = chosen.stream().mapToLong(r -> Long.parseLong(r[4])).sum();
    return transactions / chosen.stream().mapToLong(r -> Long.parseLong(r[5])).sum();
  }

  @Test
  void everySeededDefectIsCaught() {
    List<String> arguments = new ArrayList<>(List.of("conformance", "--device", DEVICE, "--prove"));
    arguments.addAll(List.of("--format", "json"));
    if (!full()) {
      PROVEN.forEach(op -> arguments.addAll(List.of("--op", op)));
    }
    Invocation run = Invocation.of(arguments.toArray(String[]::new));
    JsonNode mutants = run.json().path("mutants");
    assertThat(mutants.path("survivors")).as("defects that nothing caught").isEmpty();
    assertThat(mutants.path("total").asInt()).isGreaterThanOrEqualTo(full() ? 50 : 15);
    assertThat(mutants.path("killed").asInt()).isEqualTo(mutants.path("total").asInt());
    assertThat(run.exit()).isZero();
  }
}
