package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes share the kernel cache and that of PoCL. */
class SharedCacheTest {
  private static final String RESULT = "result [1.0, 3.0, -6.0]";

  @TempDir Path folder;

  private ChildJvm start(String own, String other) throws IOException {
    return ChildJvm.start(
        SharedCacheProgram.class,
        folder,
        Map.of(
            "TOUCHSTONE_CACHE_DIR", folder.resolve("cache").toString(),
            "POCL_CACHE_DIR", folder.resolve("pocl").toString(),
            // Two JVMs start at once, and other tests run beside them.
            "TOUCHSTONE_PROBE_TIMEOUT", "60000"),
        folder.resolve(own).toString(),
        folder.resolve(other).toString());
  }

  /** Returns the files with what tells a file from one that replaced it. */
  private Map<Path, String> binaries() throws IOException {
    Map<Path, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder.resolve("cache"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.startsWith(folder.resolve("cache/native"))) {
          found.put(
              file,
              String.valueOf(Files.readAttributes(file, BasicFileAttributes.class).fileKey()));
        }
      }
    }
    return found;
  }

  @Test
  void two_processes_that_build_the_same_at_once_leave_what_a_third_runs() throws Exception {
    Pocl.require();
    Files.createDirectory(folder.resolve("pocl"));
    try (ChildJvm first = start("first", "second");
        ChildJvm second = start("second", "first")) {
      assertThat(first.lines()).contains(RESULT);
      assertThat(second.lines()).contains(RESULT);
    }
    Map<Path, String> kept = binaries();
    assertThat(kept).hasSizeGreaterThanOrEqualTo(2);
    assertThat(kept.keySet())
        .as("nothing unfinished is left")
        .noneMatch(file -> String.valueOf(file.getFileName()).contains("tmp"));
    try (ChildJvm third = start("third", "first")) {
      assertThat(third.lines()).contains(RESULT);
    }
    assertThat(binaries()).as("the third builds nothing").isEqualTo(kept);
  }
}
