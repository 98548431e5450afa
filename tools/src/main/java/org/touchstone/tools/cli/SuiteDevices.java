package org.touchstone.tools.cli;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceRequest.Isolation;
import picocli.CommandLine.Option;

/** The options that say where the suite runs: on which devices, and in which process. */
final class SuiteDevices {
  @Option(names = "--device", paramLabel = "URI", description = "Device; may be repeated.")
  private List<String> devices = new ArrayList<>();

  @Option(
      names = "--isolate",
      description = "Run cases in a worker process per device, replaced when it dies or hangs.")
  private boolean isolate;

  /** Starts a request with these options. */
  ConformanceRequest.Builder request() {
    ConformanceRequest.Builder builder = ConformanceRequest.builder();
    devices.forEach(builder::device);
    return isolate ? builder.isolation(Isolation.WORKER) : builder;
  }
}
