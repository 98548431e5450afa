package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.opencl.driver.DeviceFacts;

class TuningTest {
  private static final long CPU = 2;
  private static final long GPU = 4;

  private static DeviceFacts facts(long type, String platform, String vendor, String name) {
    return new DeviceFacts(
        platform,
        name,
        vendor,
        "1",
        "OpenCL 1.2",
        120,
        type,
        8,
        1L << 32,
        1L << 30,
        32768,
        256,
        Set.of(),
        Optional.empty());
  }

  @ParameterizedTest
  @CsvSource({
    "2, Portable Computing Language, AuthenticAMD, pthread-haswell-AMD EPYC, pocl-cpu, CPU",
    "2, Intel(R) OpenCL, Intel(R) Corporation, Intel(R) Xeon(R), pocl-cpu, CPU",
    "4, AMD Accelerated Parallel Processing, 'Advanced Micro Devices, Inc.', gfx1100, amd, GPU",
    "4, Hygon DCU OpenCL, 'Advanced Micro Devices, Inc.', gfx906, hygon, GPU",
    "4, Intel(R) OpenCL Graphics, Intel(R) Corporation, Intel(R) Arc(TM) A770, intel, GPU",
    "4, ARM Platform, ARM, Mali-G610 r0p0, mali, GPU",
    "4, QUALCOMM Snapdragon(TM), QUALCOMM, QUALCOMM Adreno(TM), adreno, GPU",
    "4, MUSA, Moore Threads, MTT S80, mthreads, GPU",
    "4, Somebody's OpenCL, Somebody, Thing 1, generic, GPU"
  })
  void finds_the_family(
      long type, String platform, String vendor, String name, String family, Variant variant) {
    Tuning tuning = Tuning.of(facts(type, platform, vendor, name), Configuration.of(Map.of()));
    assertThat(tuning.family()).isEqualTo(family);
    assertThat(tuning.variant()).isEqualTo(variant);
    for (Size size : Size.values()) {
      if (size.isOf(variant)) {
        assertThat(tuning.value(size))
            .as("%s, %s", size.key(), size.rule(variant))
            .matches(value -> size.allows(variant, value));
      } else {
        assertThat(tuning.sizes()).doesNotContainKey(size);
      }
    }
    assertThat(tuning.origin()).isEqualTo(Tuning.Origin.TABLE);
  }

  @Test
  void the_configuration_forces_a_variant_and_a_family() {
    DeviceFacts pocl = facts(CPU, "Portable Computing Language", "AuthenticAMD", "pthread");
    Tuning gpu = Tuning.of(pocl, Configuration.of(Map.of("opencl.variant", "gpu")));
    assertThat(gpu.variant()).isEqualTo(Variant.GPU);
    assertThat(gpu.family()).isEqualTo("pocl-cpu");
    assertThat(gpu.why()).contains("variant by configuration");
    assertThat(gpu.value(Size.ROW_GROUP)).isEqualTo(256);
    Tuning mali = Tuning.of(pocl, Configuration.of(Map.of("opencl.family", "mali")));
    assertThat(mali.variant()).isEqualTo(Variant.GPU);
    assertThat(mali.value(Size.ROW_GROUP)).isEqualTo(64);
  }

  @Test
  void a_mistake_in_the_configuration_names_the_choices() {
    DeviceFacts any = facts(GPU, "p", "v", "n");
    assertThatThrownBy(() -> Tuning.of(any, Configuration.of(Map.of("opencl.variant", "tpu"))))
        .isInstanceOfSatisfying(
            HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIGURATION))
        .hasMessageContaining("cpu, gpu or auto");
    assertThatThrownBy(() -> Tuning.of(any, Configuration.of(Map.of("opencl.family", "quartz"))))
        .isInstanceOf(HalException.class)
        .hasMessageContainingAll("quartz", "pocl-cpu", "generic");
  }
}
