package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.HalOptions;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceListener;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.Shard;

/**
 * The suite on simulated GPUs, which execute the PTX that ships with all checks on. By default
 * every second case of moderate size on sm_89 and its seeded defects in part; the long tier runs
 * every case on every target, by three orders of execution.
 */
class CudaSimGateTest {

  private static final String DEVICE = "cuda-sim://sm_89";

  /** Sectors over the fewest that could carry the bytes: the budget of an inner loop. */
  private static final double SECTORS = 1.25;

  /** Of the cases that run by default. */
  private static final long MOST_ELEMENTS = 2_500_000;

  /** Operators whose defects are seeded by default. */
  private static final List<String> PROVEN = List.of("gemm_bf16", "rms_norm", "moe_permute");

  private static boolean full() {
    return "full".equals(System.getenv("TOUCHSTONE_TEST_TIER"));
  }

  private static ConformanceRequest.Builder on(String device) {
    return ConformanceRequest.builder().device(device).threads(2);
  }

  /** Runs a request, whose cases must all pass, and returns their operators. */
  private static Set<String> allPass(ConformanceRequest.Builder request, int least) {
    ConformanceReport report = ConformanceSuite.run(request.build(), ConformanceListener.NONE);
    assertThat(report.results())
        .hasSizeGreaterThan(least)
        .allSatisfy(
            row ->
                assertThat(row.outcome())
                    .as("%s: %s", row.name(), row.reason())
                    .isEqualTo(Outcome.PASS));
    assertThat(report.exit()).isEqualTo(ExitCode.OK);
    return report.results().stream().map(CaseResult::op).collect(Collectors.toSet());
  }

  private static void wholeSuitePasses(ConformanceRequest.Builder request) {
    assertThat(allPass(request, 1000))
        .containsAll(Arrays.stream(Op.values()).map(Op::opName).toList());
  }

  @Test
  void everyCasePasses() {
    // The halves have the same operators and about as many cases of every element type. A handful
    // of
    // layers of released models would take a sixth of the time.
    wholeSuitePasses(
        full() ? on(DEVICE) : on(DEVICE).shard(new Shard(1, 2)).mostElements(MOST_ELEMENTS));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_90", "sm_100", "sm_120"})
  void everyCasePassesOnOtherTargets(String target) {
    ConformanceRequest.Builder request = on("cuda-sim://" + target);
    if (full()) {
      wholeSuitePasses(request);
    } else {
      // Their kernels are those of sm_89, but for what multiplies FP8.
      allPass(request.op("gemm_fp8_block"), 50);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void everyOrderOfExecutionPasses(int seed) {
    ConformanceRequest.Builder request =
        on(DEVICE).options(HalOptions.DEFAULT.with("cuda-sim.seed", Integer.toString(seed)));
    if (full()) {
      wholeSuitePasses(request);
    } else {
      allPass(request.op("moe_permute"), 10);
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

  /** Several tests look at what the same case moved. */
  private static final Map<String, List<Moved>> MOVED = new HashMap<>();

  private static List<Moved> moved(String name, Path folder) throws IOException {
    List<Moved> before = MOVED.get(name);
    if (before != null) {
      return before;
    }
    Path metrics = folder.resolve("metrics.csv");
    HalOptions options = HalOptions.DEFAULT.with("cuda-sim.metrics", metrics.toString());
    allPass(on(DEVICE).caseName(name).options(options), 0);
    List<Moved> moved = Files.readAllLines(metrics).stream().map(Moved::of).toList();
    MOVED.put(name, moved);
    return moved;
  }

  /** Returns the transactions of some rows, of which there must be some, over the fewest. */
  private static double ratio(List<Moved> moved, Predicate<Moved> chosen) {
    List<Moved> rows = moved.stream().filter(chosen).toList();
    assertThat(rows).isNotEmpty();
    return (double) rows.stream().mapToLong(Moved::transactions).sum()
        / rows.stream().mapToLong(Moved::ideal).sum();
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
    assertThat(ratio(moved, row -> row.instruction().equals("ldmatrix")))
        .as("wavefronts of ldmatrix")
        .isEqualTo(1);
    assertThat(ratio(moved, row -> row.instruction().equals("cp.async")))
        .as("sectors of cp.async")
        .isBetween(1.0, SECTORS);
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
        "sample/t=9,v=2048,temperature=1.0,k=7,p=1.0,min=0.0/random",
        "sample/t=9,v=2048,temperature=1.0,k=0,p=0.9,min=0.0/random",
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
            assertThat(ratio(rows, row -> true))
                .as("sectors of %s", kernel)
                .isBetween(1.0, SECTORS));
  }

  /** Lanes that fill tiles meet no bank twice, whatever the width of an element. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "gemm_fp32/m=129,n=64,k=2880,out=F32,bias=NONE,c=OVERWRITE/random",
        "gemm_fp32/m=2,n=128,k=1407,out=F32,bias=NONE,c=OVERWRITE/random",
        "gemm_fp8_tensor/m=40,n=70,k=129,out=BF16,bias=NONE,c=OVERWRITE/random",
        "gemm_fp8_block/m=40,n=70,k=129,out=BF16,bias=NONE,c=OVERWRITE/random",
        "gemm_fp8_channel/m=2,n=128,k=1407,out=BF16,bias=NONE,c=OVERWRITE/random"
      })
  void plainTilesMeetNoBankTwice(String name, @TempDir Path folder) throws IOException {
    List<Moved> tiles =
        moved(name, folder).stream()
            .filter(row -> row.hot() && row.space().equals("SHARED"))
            .toList();
    assertThat(tiles).extracting(Moved::instruction).contains("st", "ld");
    assertThat(ratio(tiles, row -> true)).as("wavefronts").isEqualTo(1);
  }

  @Test
  void everySeededDefectIsCaught() {
    ConformanceRequest.Builder request =
        on(DEVICE).threads(1).proof(ConformanceRequest.Proof.MUTANTS);
    if (!full()) {
      PROVEN.forEach(request::op);
    }
    ConformanceReport report = ConformanceSuite.run(request.build(), ConformanceListener.NONE);
    assertThat(report.survivors()).as("defects that nothing caught").isEmpty();
    assertThat(report.mutants()).hasSizeGreaterThanOrEqualTo(full() ? 50 : 15);
    assertThat(report.exit()).isEqualTo(ExitCode.OK);
  }
}
