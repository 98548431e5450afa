package org.touchstone.backends.cuda.standin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where modules come from: NVRTC, the driver's compiler, and the cache. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class KernelImagesTest {
  private static final String SUM = "sum [0.0, 48.0]";

  @TempDir static Path folder;
  private static Path driver;
  private static Path both;

  @BeforeAll
  static void build() throws Exception {
    driver = Files.createDirectory(folder.resolve("driver"));
    both = Files.createDirectory(folder.resolve("both"));
    StandIns.build(driver, "libcuda.cpp", "libcuda.so.1");
    StandIns.build(both, "libnvrtc.cpp", "libnvrtc.so.12");
    Files.copy(driver.resolve("libcuda.so.1"), both.resolve("libcuda.so.1"));
  }

  private static Path cache() throws Exception {
    return Files.createTempDirectory(folder, "cache");
  }

  private static Outcome add(Path libraries, Path cache, Map<String, String> environment)
      throws Exception {
    return StandIns.run(libraries, "add", cache, environment);
  }

  @Test
  void keeps_what_the_drivers_compiler_made() throws Exception {
    Path cache = cache();
    Outcome first = add(driver, cache, Map.of());
    assertThat(first.line("sum")).isEqualTo(SUM);
    assertThat(first.calls())
        .containsSubsequence("cuLinkAddData 1 .version 7.0", "cuModuleLoadDataEx cubin: .vers");
    assertThat(first.line("INFO"))
        .contains("LOADER_MISSING", "NVRTC is in none of the system's library folders");
    Outcome second = add(driver, cache, Map.of());
    assertThat(second.line("sum")).isEqualTo(SUM);
    assertThat(second.count("cuLinkCreate")).isZero();
    assertThat(second.calls()).contains("cuModuleLoadDataEx cubin: .vers");
    second.assertGivenBack();
  }

  @Test
  void compiles_again_for_another_driver() throws Exception {
    Path cache = cache();
    add(driver, cache, Map.of());
    assertThat(add(driver, cache, Map.of("STANDIN_VERSION", "13000")).count("cuLinkCreate"))
        .isEqualTo(1);
  }

  @Test
  void loads_the_ptx_where_the_driver_refuses_what_was_kept() throws Exception {
    Path cache = cache();
    Outcome refused = add(driver, cache, Map.of("STANDIN_REFUSE", "cubin"));
    assertThat(refused.line("sum")).isEqualTo(SUM);
    assertThat(refused.calls())
        .containsSubsequence("cuModuleLoadDataEx cubin: .vers", "cuModuleLoadDataEx .version 7.0");
    // The entry was forgotten.
    assertThat(add(driver, cache, Map.of()).count("cuLinkCreate")).isEqualTo(1);
  }

  @Test
  void shows_what_the_linker_says_when_nothing_compiles() throws Exception {
    Outcome outcome =
        add(
            driver,
            cache(),
            Map.of("STANDIN_FAIL", "cuLinkAddData 218 1;cuModuleLoadDataEx 218 1"));
    assertThat(outcome.line("failure"))
        .startsWith("failure NATIVE_FAILURE")
        .contains("ts_add", "the compiler says: line 7 makes no sense");
    assertThat(outcome.count("cuLinkDestroy")).isEqualTo(outcome.count("cuLinkCreate"));
  }

  @Test
  void lets_nvrtc_compile_for_exactly_the_device_and_keeps_it() throws Exception {
    Path cache = cache();
    Outcome first = add(both, cache, Map.of());
    assertThat(first.line("sum")).isEqualTo(SUM);
    assertThat(first.calls())
        .containsSubsequence(
            "nvrtcCreateProgram add.cu",
            "nvrtcCompileProgram --gpu-architecture=sm_89 --std=c++17 --fmad=false"
                + " --generate-line-info",
            "nvrtcDestroyProgram",
            "cuModuleLoadDataEx nvrtc of add");
    assertThat(first.count("cuLinkCreate")).isZero();
    first.assertGivenBack();
    Outcome second = add(both, cache, Map.of());
    assertThat(second.count("nvrtcCompileProgram")).isZero();
    assertThat(second.calls()).contains("cuModuleLoadDataEx nvrtc of add");
    Outcome newer = add(both, cache, Map.of("STANDIN_NVRTC", "13000 80,89 0"));
    assertThat(newer.count("nvrtcCompileProgram")).isEqualTo(1);
  }

  @Test
  void leaves_it_to_the_driver_when_nvrtc_cannot() throws Exception {
    Outcome failed = add(both, cache(), Map.of("STANDIN_NVRTC", "12080 80,89 6"));
    assertThat(failed.line("sum")).isEqualTo(SUM);
    assertThat(failed.line("INFO"))
        .contains("instead of NVRTC", "NVRTC_ERROR_COMPILATION", "it makes no sense");
    assertThat(failed.count("cuLinkCreate")).isEqualTo(1);
    failed.assertGivenBack();
    Outcome unknown = add(both, cache(), Map.of("STANDIN_NVRTC", "11020 70,80 0"));
    assertThat(unknown.line("INFO")).contains("NVRTC 11.2", "does not know sm_89");
    assertThat(unknown.count("nvrtcCompileProgram")).isZero();
    Outcome told = add(both, cache(), Map.of("TOUCHSTONE_CUDA_COMPILER", "driver"));
    assertThat(told.line("sum")).isEqualTo(SUM);
    assertThat(told.count("nvrtcCompileProgram")).isZero();
  }
}
