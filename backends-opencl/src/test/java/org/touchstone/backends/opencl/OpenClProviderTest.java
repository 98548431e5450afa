package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.touchstone.api.BackendReport;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.spi.BackendProvider;

class OpenClProviderTest {
  @Test
  void says_that_this_build_has_no_kernels() {
    try (Hal hal = Hal.open()) {
      assertThat(hal.backends())
          .filteredOn(report -> report.name().equals("opencl"))
          .singleElement()
          .satisfies(
              report -> {
                assertThat(report.state()).isEqualTo(BackendReport.State.ABSENT);
                assertThat(report.reason().orElseThrow().code())
                    .isEqualTo(ReasonCode.NOT_IN_THIS_BUILD);
                assertThat(report.reason().orElseThrow().detail())
                    .startsWith("this build has no OpenCL kernels; the OpenCL loader ")
                    .containsAnyOf("was found at /", "was not found either");
              });
      assertThatThrownBy(() -> hal.device("opencl://0"))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNKNOWN_DEVICE))
          .hasMessageContaining("this build has no OpenCL kernels");
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
    assertThat(module.provides())
        .anySatisfy(
            provided -> {
              assertThat(provided.service()).isEqualTo(BackendProvider.class.getName());
              assertThat(provided.providers()).containsExactly(OpenClProvider.class.getName());
            });
  }
}
