package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.touchstone.api.BackendReport;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.SettingSource;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.MutantSource;
import org.touchstone.backends.spi.WorkerProfile;

class OpenClProviderTest {
  @Test
  void finds_pocl() {
    Pocl.require();
    try (Hal hal = Hal.open()) {
      assertThat(hal.backends())
          .filteredOn(report -> report.name().equals("opencl"))
          .singleElement()
          .satisfies(report -> assertThat(report.state()).isEqualTo(BackendReport.State.READY));
      DeviceInfo pocl =
          hal.devices().stream().filter(d -> d.uri().equals(Pocl.URI)).findFirst().orElseThrow();
      assertThat(pocl.kind()).isEqualTo(DeviceKind.CPU);
      assertThat(pocl.evidence()).isEqualTo(Evidence.SOFTWARE);
      assertThat(pocl.memory()).isPositive();
      assertThat(pocl.properties()).containsKeys("driver", "kernels", "largest buffer", "loader");
      assertThat(pocl.properties().get("kernels")).startsWith("cpu variant, family pocl-cpu");
    }
  }

  @Test
  void names_its_devices_when_one_is_unknown() {
    Pocl.require();
    try (Hal hal = Hal.open()) {
      assertThatThrownBy(() -> hal.device("opencl://pocl/84"))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNKNOWN_DEVICE))
          .hasMessageContaining(Pocl.URI);
    }
  }

  @Test
  void is_registered_in_the_module_as_on_the_class_path() throws Exception {
    Path classes =
        Path.of(OpenClProvider.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    ModuleDescriptor module;
    try (InputStream descriptor = Files.newInputStream(classes.resolve("module-info.class"))) {
      module = ModuleDescriptor.read(descriptor);
    }
    for (Class<?> service :
        List.of(
            BackendProvider.class, MutantSource.class, SettingSource.class, WorkerProfile.class)) {
      List<String> onClassPath =
          Files.readAllLines(classes.resolve("META-INF/services").resolve(service.getName()));
      assertThat(module.provides())
          .anySatisfy(
              provided -> {
                assertThat(provided.service()).isEqualTo(service.getName());
                assertThat(provided.providers()).isEqualTo(onClassPath);
              });
    }
  }
}
