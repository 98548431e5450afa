package org.touchstone.backends.cuda;

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
import org.touchstone.api.HalOptions;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.Backends;
import org.touchstone.backends.cuda.jcuda.JcudaLoader;
import org.touchstone.backends.spi.BackendProvider;

class CudaProviderTest {
  @Test
  void says_in_one_line_that_the_driver_is_missing() {
    Reason reason = Reason.of(ReasonCode.DRIVER_MISSING, "libcuda.so.1 is nowhere");
    CudaProvider provider = new CudaProvider(libraries -> new JcudaLoader.Outcome.Missing(reason));
    try (Hal hal = Backends.open(HalOptions.DEFAULT, provider)) {
      assertThat(hal.backends())
          .singleElement()
          .satisfies(
              report -> {
                assertThat(report.state()).isEqualTo(BackendReport.State.ABSENT);
                assertThat(report.reason()).contains(reason);
                assertThat(report.reason().orElseThrow().toString()).hasLineCount(1);
              });
      assertThatThrownBy(() -> hal.device("cuda://0"))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNKNOWN_DEVICE))
          .hasMessageContaining("libcuda.so.1 is nowhere");
    }
  }

  @Test
  void says_what_the_loader_said_when_the_driver_does_not_load() {
    Reason reason = Reason.of(ReasonCode.NATIVE_LIBRARY_FAILED, "wrong ELF class");
    CudaProvider provider = new CudaProvider(libraries -> new JcudaLoader.Outcome.Failed(reason));
    try (Hal hal = Backends.open(HalOptions.DEFAULT, provider)) {
      assertThat(hal.backends())
          .singleElement()
          .satisfies(
              report -> {
                assertThat(report.state()).isEqualTo(BackendReport.State.BROKEN);
                assertThat(report.reason()).contains(reason);
              });
    }
  }

  @Test
  void looks_for_the_driver_before_it_touches_a_binding() {
    JcudaLoader.Outcome outcome =
        JcudaLoader.load(Backends.context(HalOptions.DEFAULT).nativeLibraries());
    if (outcome instanceof JcudaLoader.Outcome.Missing missing) {
      assertThat(missing.reason().code()).isEqualTo(ReasonCode.DRIVER_MISSING);
      assertThat(missing.reason().detail()).startsWith("libcuda.so.1 is in none of");
    } else {
      assertThat(outcome).isInstanceOf(JcudaLoader.Outcome.class);
    }
  }

  @Test
  void is_registered_in_the_module_as_on_the_class_path() throws Exception {
    Path classes =
        Path.of(CudaProvider.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    ModuleDescriptor module;
    try (InputStream descriptor = Files.newInputStream(classes.resolve("module-info.class"))) {
      module = ModuleDescriptor.read(descriptor);
    }
    assertThat(module.provides())
        .anySatisfy(
            provided -> {
              assertThat(provided.service()).isEqualTo(BackendProvider.class.getName());
              assertThat(provided.providers()).contains(CudaProvider.class.getName());
            });
  }
}
