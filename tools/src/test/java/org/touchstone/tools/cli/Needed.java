package org.touchstone.tools.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.touchstone.tools.OutsideProgram;
import tools.jackson.databind.JsonNode;

/** What a test needs of the machine: it fails without, or aborts where that was declared. */
final class Needed {
  /** PoCL's device. */
  static final String POCL = "opencl://pocl/0";

  private Needed() {}

  static void pocl() {
    JsonNode devices = Invocation.of("devices", "--format", "json").json();
    if (!devices.path("devices").findValuesAsString("uri").contains(POCL)) {
      throw OutsideProgram.absent("pocl", POCL + " is not there: " + devices.path("backends"));
    }
  }

  /** Returns the first of some files that exists. */
  static Path file(String name, String... places) {
    Optional<Path> found =
        Arrays.stream(places).map(Path::of).filter(Files::isRegularFile).findFirst();
    if (found.isEmpty()) {
      throw OutsideProgram.absent(name, "none of " + List.of(places) + " is there");
    }
    return found.orElseThrow();
  }
}
