package org.touchstone.backends.cuda.standin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class StandInDriverTest {
  @TempDir static Path folder;

  @BeforeAll
  static void build() throws Exception {
    StandIns.build(folder, "libcuda.cpp", "libcuda.so.1");
  }

  private static Outcome run(String scenario, Map<String, String> environment) throws Exception {
    return StandIns.run(folder, scenario, Files.createTempDirectory(folder, "cache"), environment);
  }

  @Test
  void adds_and_gives_everything_back() throws Exception {
    Outcome outcome = run("add", Map.of());
    assertThat(outcome.line("state")).isEqualTo("state READY");
    assertThat(outcome.line("device"))
        .contains("cuda://0", "stand-in 0", "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae00", "CUDA 12.8");
    assertThat(outcome.line("sum")).isEqualTo("sum [0.0, 48.0]");
    assertThat(outcome.line("receipt")).contains("cuda://0", "PT0.0015S");
    assertThat(outcome.calls().getFirst()).isEqualTo("cuInit");
    assertThat(outcome.calls())
        .containsSubsequence(
            "cuDevicePrimaryCtxRetain",
            "cuLinkCreate",
            "cuLinkAddData 1 .version 7.0",
            "cuLinkComplete",
            "cuLinkDestroy",
            "cuModuleLoadDataEx cubin: .vers",
            "cuModuleGetFunction ts_add",
            "cuStreamCreate non-blocking",
            "cuMemHostAlloc",
            "cuMemcpy2DAsync",
            "cuMemcpyDtoDAsync",
            "cuLaunchKernel",
            "  ts_add grid 1 block 256 shared 0 parameters 172",
            "cuStreamWaitEvent",
            "cuMemcpyDtoHAsync",
            "cuEventSynchronize",
            "cuModuleUnload",
            "cuDevicePrimaryCtxRelease");
    assertThat(outcome.calls().getLast()).isEqualTo("cuDevicePrimaryCtxRelease");
    outcome.assertGivenBack();
  }

  @Test
  void allocates_from_the_pool_where_there_is_one() throws Exception {
    Outcome outcome = run("add", Map.of("STANDIN_ATTR", "115=1"));
    assertThat(outcome.line("sum")).isEqualTo("sum [0.0, 48.0]");
    assertThat(outcome.count("cuMemAllocAsync")).isEqualTo(3);
    assertThat(outcome.calls()).contains("cuMemPoolSetAttribute 4 1073741824");
    outcome.assertGivenBack();
  }

  @Test
  void makes_the_calls_that_jcuda_lacks() throws Exception {
    Outcome outcome = run("driver", Map.of());
    assertThat(outcome.printed())
        .contains(
            "name jcuda [LAUNCH_KERNEL_EX, TENSOR_MAP, LINK]",
            "bytes 7 16909060 7",
            "stream done true, memory MemoryInfo[free=1048576, total=8589934592]",
            "registers 104",
            "blocks 4",
            "map 128 90");
    assertThat(outcome.calls())
        .contains(
            "cuLaunchKernelEx attributes 4:2 6:1",
            "  some_kernel grid 8 block 64 shared 256 parameters 20",
            "cuTensorMapEncodeTiled 9 2 32 128 8 1 3",
            "cuMemPoolSetAttribute 4 4096");
    assertThat(outcome.line("settings")).doesNotContain("native");
    outcome.assertGivenBack();
  }

  @Test
  void tells_apart_why_there_is_no_device() throws Exception {
    Map<Map<String, String>, List<String>> expected =
        Map.of(
            Map.of("STANDIN_FAIL", "cuInit 100 1"),
            List.of("state ABSENT", "NO_DEVICE: cuInit failed with 100"),
            Map.of("STANDIN_DEVICES", "0"),
            List.of("state ABSENT", "NO_DEVICE: the driver counts 0 devices"),
            Map.of("STANDIN_FAIL", "cuInit 34 1"),
            List.of(
                "state ABSENT",
                "DRIVER_MISSING: the library found is one that the toolkit has for linking"),
            Map.of("STANDIN_FAIL", "cuInit 803 1"),
            List.of("state BROKEN", "restart the machine"),
            Map.of("STANDIN_VERSION", "10020"),
            List.of("state BROKEN", "DRIVER_TOO_OLD: the driver supports CUDA 10.2"),
            Map.of("STANDIN_ATTR", "75=7;76=5"),
            List.of("state BROKEN", "CAPABILITY: cuda://0 has compute capability 7.5"),
            Map.of("STANDIN_ATTR", "20=2"),
            List.of("state BROKEN", "DEVICE_BUSY: cuda://0 is in prohibited compute mode"),
            Map.of("STANDIN_ATTR", "20=3", "STANDIN_FAIL", "cuDevicePrimaryCtxRetain 46 1"),
            List.of("state BROKEN", "DEVICE_BUSY: cuda://0 is in exclusive use"));
    for (Map.Entry<Map<String, String>, List<String>> each : expected.entrySet()) {
      Outcome outcome = run("probe", each.getKey());
      assertThat(outcome.line("state")).as("%s", each.getKey()).isEqualTo(each.getValue().get(0));
      assertThat(outcome.line("reason")).contains(each.getValue().get(1));
    }
  }

  @Test
  void maps_exhausted_memory_and_works_on() throws Exception {
    Outcome outcome = run("add", Map.of("STANDIN_FAIL", "cuMemAlloc 2 3"));
    assertThat(outcome.line("failure"))
        .startsWith("failure OUT_OF_MEMORY")
        .contains("allocation of 60 bytes (1048576 of 8589934592 are free) failed")
        .contains("CUDA_ERROR_OUT_OF_MEMORY: out of memory");
    assertThat(outcome.count("cuMemFree")).isEqualTo(2);
    assertThat(outcome.calls().getLast()).isEqualTo("cuDevicePrimaryCtxRelease");
  }

  @Test
  void shows_what_the_ptx_compiler_says() throws Exception {
    Outcome outcome = run("add", Map.of("STANDIN_FAIL", "cuModuleLoadDataEx 218 1"));
    assertThat(outcome.line("failure"))
        .startsWith("failure NATIVE_FAILURE")
        .contains("ts_add", "the compiler says: line 7 makes no sense");
  }

  @Test
  void remembers_the_error_that_lost_the_context() throws Exception {
    Outcome outcome = run("add", Map.of("STANDIN_FAIL", "cuEventSynchronize 700 1"));
    assertThat(outcome.line("failure")).contains("CUDA_ERROR_ILLEGAL_ADDRESS");
    assertThat(outcome.line("again"))
        .startsWith("again DEVICE_LOST")
        .contains("the context was lost", "CUDA_ERROR_ILLEGAL_ADDRESS");
    assertThat(outcome.count("cuStreamDestroy")).isEqualTo(outcome.count("cuStreamCreate"));
    assertThat(outcome.count("cuMemFree")).isEqualTo(outcome.count("cuMemAlloc"));
    assertThat(outcome.count("cuDevicePrimaryCtxRelease")).isEqualTo(1);
  }
}
