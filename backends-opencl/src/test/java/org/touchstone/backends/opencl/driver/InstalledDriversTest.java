package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;

class InstalledDriversTest {
  @Test
  void tells_which_registered_library_cannot_be_loaded(@TempDir Path vendors) throws IOException {
    Files.writeString(vendors.resolve("broken.icd"), "libtouchstone-no-such-driver.so.7\n");
    Reason reason = InstalledDrivers.firstBroken(vendors).orElseThrow();
    assertThat(reason.code()).isEqualTo(ReasonCode.DRIVER_REFUSED);
    assertThat(reason.detail())
        .contains("broken.icd", "libtouchstone-no-such-driver.so.7", "cannot open shared object");
  }

  @Test
  void says_nothing_of_libraries_that_load_and_of_other_files(@TempDir Path vendors)
      throws IOException {
    Files.writeString(vendors.resolve("fine.icd"), "libc.so.6\n");
    Files.writeString(vendors.resolve("notes.txt"), "libtouchstone-no-such-driver.so.7\n");
    assertThat(InstalledDrivers.firstBroken(vendors)).isEmpty();
    assertThat(InstalledDrivers.firstBroken(vendors.resolve("missing"))).isEmpty();
  }
}
