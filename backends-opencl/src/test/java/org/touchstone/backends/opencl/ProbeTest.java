package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries are loaded once per process, so every machine needs a process of its own. */
class ProbeTest {
  @TempDir Path folder;

  private List<String> probe(Map<String, String> environment) throws Exception {
    Map<String, String> all = new TreeMap<>(environment);
    all.put("TOUCHSTONE_CACHE_DIR", folder.resolve("cache").toString());
    try (ChildJvm child = ChildJvm.start(ProbeReport.class, folder, all)) {
      return child.lines();
    }
  }

  @Test
  void without_a_driver_the_reason_is_that_there_is_no_platform() throws Exception {
    Pocl.require();
    Path vendors = Files.createDirectory(folder.resolve("vendors"));
    List<String> lines =
        probe(
            Map.of(
                "OCL_ICD_VENDORS", vendors.toString(),
                "OCL_ICD_FILENAMES", "",
                "TOUCHSTONE_OPENCL_OCLGRIND", "off"));
    assertThat(lines)
        .filteredOn(line -> line.startsWith("report"))
        .singleElement()
        .asString()
        .contains("ABSENT", "NO_PLATFORM", "-1001", "install an OpenCL ICD");
  }

  @Test
  void libraries_come_from_a_private_folder() throws Exception {
    Pocl.require();
    List<String> lines = probe(Map.of());
    assertThat(lines).anyMatch(line -> line.startsWith("report READY"));
    assertThat(lines)
        .filteredOn(line -> line.startsWith("library") && line.contains("JOCL"))
        .isNotEmpty()
        .allMatch(line -> line.startsWith("library " + folder.resolve("cache/native")));
    assertThat(lines)
        .as("the temporary folder is what it was")
        .contains("temporary " + System.getProperty("java.io.tmpdir"));
  }

  @Test
  void describing_touches_no_library() {
    assertThat(new OpenClProvider().description().name()).isEqualTo("opencl");
    assertThat(new OpenClSettings().settings())
        .extracting(key -> key.name())
        .contains("opencl.variant", "opencl.family", "opencl.oclgrind");
  }
}
