package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;

class InstalledDriversTest {
  private static final String LIBRARY = "libtouchstone-no-such-driver.so.7";

  @TempDir Path vendors;

  private static List<Reason> broken(Map<String, String> environment) {
    return new InstalledDrivers(name -> Optional.ofNullable(environment.get(name))).broken();
  }

  private List<Reason> brokenOfFolder() {
    return broken(Map.of("OCL_ICD_VENDORS", vendors.toString()));
  }

  @Test
  void tells_which_registered_library_cannot_be_loaded() throws IOException {
    Files.writeString(vendors.resolve("broken.icd"), LIBRARY + "\n");
    Files.writeString(vendors.resolve("fine.icd"), "libc.so.6\n");
    Files.writeString(vendors.resolve("worse.icd"), "/no/such/driver.so");
    List<Reason> broken = brokenOfFolder();
    assertThat(broken).extracting(Reason::code).containsOnly(ReasonCode.DRIVER_UNLOADABLE);
    assertThat(broken)
        .satisfiesExactly(
            first ->
                assertThat(first.detail())
                    .contains("broken.icd", LIBRARY, "cannot open shared object"),
            second -> assertThat(second.detail()).contains("worse.icd", "/no/such/driver.so"));
  }

  @Test
  void says_nothing_of_libraries_that_load_and_of_other_files() throws IOException {
    Files.writeString(vendors.resolve("fine.icd"), "libc.so.6\n");
    Files.writeString(vendors.resolve("notes.txt"), LIBRARY + "\n");
    assertThat(brokenOfFolder()).isEmpty();
  }

  @Test
  void follows_the_variables_that_replace_the_folder() throws IOException {
    Path file = Files.writeString(vendors.resolve("own.icd"), LIBRARY);
    assertThat(broken(Map.of("OCL_ICD_VENDORS", file.toString())))
        .singleElement()
        .satisfies(reason -> assertThat(reason.detail()).contains("own.icd", LIBRARY));
    assertThat(broken(Map.of("OCL_ICD_VENDORS", LIBRARY)))
        .singleElement()
        .satisfies(reason -> assertThat(reason.detail()).contains("OCL_ICD_VENDORS", LIBRARY));
    Path empty = Files.createDirectory(vendors.resolve("empty"));
    assertThat(
            broken(
                Map.of(
                    "OCL_ICD_VENDORS",
                    empty.toString(),
                    "OCL_ICD_FILENAMES",
                    "libc.so.6:" + LIBRARY)))
        .singleElement()
        .satisfies(reason -> assertThat(reason.detail()).contains("OCL_ICD_FILENAMES", LIBRARY));
  }
}
