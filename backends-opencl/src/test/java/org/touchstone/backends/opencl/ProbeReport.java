package org.touchstone.backends.opencl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;

/** Prints what a fresh process finds and which libraries it has loaded for that. */
public final class ProbeReport {
  private ProbeReport() {}

  /** Runs in a process of its own. */
  public static void main(String[] arguments) throws IOException {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new OpenClProvider())) {
      hal.backends()
          .forEach(
              report ->
                  System.out.println(
                      "report " + report.state() + " " + report.reason() + " " + report.devices()));
    }
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      lines
          .filter(line -> line.contains("JOCL") || line.contains("libOpenCL"))
          .map(line -> "library " + line.substring(line.indexOf('/')))
          .distinct()
          .forEach(System.out::println);
    }
    System.out.println("temporary " + System.getProperty("java.io.tmpdir"));
  }
}
