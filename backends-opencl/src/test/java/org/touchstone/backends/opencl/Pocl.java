package org.touchstone.backends.opencl;

import static org.junit.jupiter.api.Assumptions.abort;

import java.util.Arrays;
import org.touchstone.api.Hal;

/** The OpenCL driver that tests run on. */
public final class Pocl {
  /** Its device. */
  public static final String URI = "opencl://pocl/0";

  private static final String ABSENT = "TOUCHSTONE_TEST_ABSENT";

  private Pocl() {}

  /** Fails without PoCL, or aborts the test when it was called with PoCL declared absent. */
  public static void require() {
    try (Hal hal = Hal.open()) {
      if (hal.devices().stream().anyMatch(device -> device.uri().equals(URI))) {
        return;
      }
      String found = hal.backends().toString();
      if (Arrays.asList(System.getenv().getOrDefault(ABSENT, "").split(",", -1)).contains("pocl")) {
        abort("absent: pocl");
      }
      throw new AssertionError(
          URI
              + " is not there; install pocl-opencl-icd, or run ./test --allow-absent pocl: "
              + found);
    }
  }
}
