package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
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

  /** Sectors over the fewest that could carry the bytes: the budget of an inner loop. */
  private static final double SECTORS = 1.25;

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

  /** What a launch moved by instructions of one kind, as the metrics file has it. */
  private record Moved(
      String kernel, String instruction, String space, long transactions, long ideal, boolean hot) {
    static Moved of(String line) {
      String[] cells = line.split(",", -1);
      return new Moved(
          cells[0],
          cells[1],
          cells[2],
          Long.parseLong(cells[4]),
          Long.parseLong(cells[5]),
          cells[6].equals("hot"));
    }
  }

  private static List<Moved> moved(String name, Path folder) throws IOException {
    Path metrics = folder.resolve("metrics.csv");
    System.setProperty("touchstone.cuda-sim.metrics", metrics.toString());
    try {
      Invocation run = Invocation.of("conformance", "--device", DEVICE, "--case", name);
      assertThat(run.exit()).as(run.err()).isZero();
    } finally {
      System.clearProperty("touchstone.cuda-sim.metrics");
    }
    return Files.readAllLines(metrics).stream().map(Moved::of).toList();
  }

  private static double ratio(List<Moved> moved) {
    return (double) moved.stream().mapToLong(Moved::transactions).sum()
        / moved.stream().mapToLong(Moved::ideal).sum();
  }

  /** Tiles in shared memory must meet no bank twice, and inner loops use the sectors they fetch. */
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
    List<Moved> moved =
        moved(name, folder).stream().filter(row -> row.kernel().contains("_mma_")).toList();
    List<Moved> matrices =
        moved.stream().filter(row -> row.instruction().equals("ldmatrix")).toList();
    assertThat(matrices).isNotEmpty();
    assertThat(ratio(matrices)).as("wavefronts of ldmatrix").isEqualTo(1);
    List<Moved> copies =
        moved.stream().filter(row -> row.instruction().equals("cp.async")).toList();
    assertThat(copies).isNotEmpty();
    assertThat(ratio(copies)).as("sectors of cp.async").isBetween(1.0, SECTORS);
  }

  /** Rows of whole sectors, so that what is wasted is the kernel's doing. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "gemm_fp32/m=129,n=64,k=2880,out=F32,bias=NONE,c=OVERWRITE/random",
        "attention_decode_paged/sq=2,cache=F32,h=4,kv=2,d=64,dv=64,mask=causal,in=F32,out=F32,len=33+18,page=16/random",
        "mla_decode_absorbed/sq=1,cache=BF16,h=16,dc=512,dn=128,dr=64,dv=128,mask=causal,in=BF16,w=BF16,out=BF16,len=300+20,page=64/random",
        "rms_norm/variant=fp32_mul,t=16,h=7168,in=BF16,w=BF16,out=BF16/random",
        "fused_add_rms_norm/variant=cast_then_mul,t=3,h=2048,in=BF16,w=BF16,out=BF16/random",
        "gated_act/act=swiglu,t=3,i=704,in=BF16,out=BF16/random",
        "dequantize/m=3,k=256,block=1x128,codes=E4M3FN,scale=F32,out=F32,data=codes/random",
        "cast/x=256,from=E5M2FNUZ,to=E5M2,overflow=SAT,data=codes/random",
        "cast/x=256,from=E5M2FNUZ,to=E2M1,overflow=SAT,data=codes/random",
        "moe_combine/t=31,h=64,k=1,in=BF16,out=F32,rows=shuffled/structured",
        "quantize_fp8_group/m=33,k=7168,group=128,in=BF16,scale=F32/random",
        "rope_apply/t=5,heads=3,d=64,r=64,offset=0,pairing=neox,direction=forward,dtype=F32/random",
        "kv_cache_write/t=65,kind=separate,h=8,dk=128,dv=128,page=64,slots=shuffled,in=BF16,cache=BF16/random"
      })
  void innerLoopsUseTheSectorsTheyFetch(String name, @TempDir Path folder) throws IOException {
    Map<String, List<Moved>> byKernel =
        moved(name, folder).stream()
            .filter(row -> row.hot() && row.space().equals("GLOBAL"))
            .collect(Collectors.groupingBy(Moved::kernel));
    assertThat(byKernel).isNotEmpty();
    byKernel.forEach(
        (kernel, rows) ->
            assertThat(ratio(rows)).as("sectors of %s", kernel).isBetween(1.0, SECTORS));
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
