package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Verdict;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.spi.TuningSpace;

class TunedSizesTest {
  private static final Map<String, String> SIZES = Map.of("variant", "gpu", "rows.group", "64");

  @TempDir private Path folder;

  private Hal open(String setting, String value) {
    Pocl.require();
    HalOptions options =
        HalOptions.DEFAULT
            .with(OpenClSettings.TUNING.name(), folder.resolve("sizes.json").toString())
            .with(setting, value);
    return Backends.open(options, new OpenClProvider());
  }

  private Hal open() {
    return open(OpenClSettings.VARIANT.name(), "auto");
  }

  private static DeviceInfo pocl(Hal hal) {
    return hal.devices().stream().filter(d -> d.uri().equals(Pocl.URI)).findFirst().orElseThrow();
  }

  private static String kernel(Hal hal) {
    try (Device device = hal.device(Pocl.URI)) {
      return ((Verdict.Yes) device.support(AddSpec.of(DType.F32))).kernel();
    }
  }

  private Path keep(Map<String, String> sizes) {
    Path file = folder.resolve("sizes.json");
    try (Hal hal = open()) {
      new OpenClTuning().keep(file, pocl(hal), sizes, List.of(new TuningSpace.Gain("w", 2, 1)));
    }
    return file;
  }

  @Test
  void a_file_of_sizes_counts_and_shows() {
    Path file = keep(SIZES);
    assertThat(file).content().contains("\"rows.group\" : \"64\"", "\"kernels\"", "\"driver\"");
    try (Hal hal = open()) {
      assertThat(new OpenClTuning().refusal(file, pocl(hal))).isEmpty();
      assertThat(pocl(hal).properties())
          .containsEntry("sizes", "found on this device")
          .hasEntrySatisfying("kernels", text -> assertThat(text).startsWith("gpu variant"));
      assertThat(kernel(hal)).isEqualTo("add.gpu.tuned");
    }
  }

  @Test
  void another_variant_than_the_files_runs_with_the_table() {
    keep(SIZES);
    try (Hal hal = open(OpenClSettings.VARIANT.name(), "cpu")) {
      assertThat(kernel(hal)).isEqualTo("add.cpu");
      assertThat(pocl(hal).properties()).containsEntry("sizes", "the table");
    }
  }

  @Test
  void the_configuration_wins_over_the_file() {
    keep(SIZES);
    try (Hal hal = open(OpenClSettings.SIZES.name(), "strip=512")) {
      assertThat(kernel(hal)).isEqualTo("add.gpu.sized");
    }
  }

  @Test
  void sizes_of_another_driver_or_other_kernels_are_stale() throws IOException {
    Path file = keep(SIZES);
    String text = Files.readString(file);
    String driver = text.replaceFirst("\"driver\" : \"[^\"]*\"", "\"driver\" : \"0.1\"");
    String kernels = text.replaceFirst("\"kernels\" : \"[^\"]*\"", "\"kernels\" : \"abc\"");
    for (Map.Entry<String, String> stale :
        Map.of("driver 0.1", driver, "kernels abc", kernels).entrySet()) {
      Files.writeString(file, stale.getValue());
      try (Hal hal = open()) {
        assertThat(new OpenClTuning().refusal(file, pocl(hal)))
            .hasValueSatisfying(
                reason -> {
                  assertThat(reason.code()).isEqualTo(ReasonCode.TUNING_STALE);
                  assertThat(reason.detail()).contains(stale.getKey());
                });
        assertThat(pocl(hal).properties().get("sizes")).contains("the table", stale.getKey());
        assertThat(kernel(hal)).isEqualTo("add.cpu");
      }
    }
  }

  @Test
  void a_second_search_replaces_the_entry() {
    keep(SIZES);
    Path file = keep(Map.of("variant", "cpu", "strip", "1024"));
    assertThat(file).content().contains("1024").doesNotContain("rows.group");
  }

  @Test
  void a_file_of_something_else_is_an_error_that_names_it() throws IOException {
    Path file = folder.resolve("sizes.json");
    for (String text : List.of("{}", "no json", "{\"schema\": 9, \"entries\": []}")) {
      Files.writeString(file, text);
      DeviceInfo device;
      try (Hal hal = open(OpenClSettings.TUNING.name(), "off")) {
        device = pocl(hal);
      }
      assertThatThrownBy(() -> new OpenClTuning().refusal(file, device))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIGURATION))
          .hasMessageContaining(file.toString());
    }
  }

  @Test
  void a_size_that_kernels_cannot_run_with_is_an_error_that_says_the_rule() {
    assertThatThrownBy(
            () -> {
              try (Hal hal = open(OpenClSettings.SIZES.name(), "product.rows=50")) {
                hal.device(Pocl.URI).close();
              }
            })
        .hasMessageContaining("product.rows=50, expected a multiple of 3 up to 768");
  }
}
