package org.touchstone.tools.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.api.BackendReport;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.Reason;
import org.touchstone.conformance.ExitCode;
import org.touchstone.tools.device.DeviceCheck;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Lists devices, and computes something small on each where that is asked for. */
@Command(
    name = "devices",
    description =
        "List every device and what it says of itself, and why others are absent. Nothing is"
            + " computed without --check.")
final class DevicesCommand extends ToolkitCommand {
  /** A device, and what it computed where that was asked for. */
  private record Row(DeviceInfo device, Optional<DeviceCheck> check) {}

  @Option(
      names = "--check",
      description =
          "Multiply two small matrices on every device, simulators included, and compare the"
              + " product with the exact one; takes seconds. Exit code 1 when one is wrong.")
  private boolean checked;

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    try (Hal hal = Hal.open()) {
      List<Row> rows = new ArrayList<>();
      for (DeviceInfo device : hal.devices()) {
        rows.add(
            new Row(
                device,
                checked ? Optional.of(DeviceCheck.run(hal, device.uri())) : Optional.empty()));
      }
      List<BackendReport> backends = hal.backends();
      output.write(
          streams(),
          target -> {
            switch (format) {
              case TEXT -> text(rows, backends, target);
              case JSON -> json(rows, backends, target);
            }
          });
      return rows.stream().flatMap(row -> row.check().stream()).allMatch(DeviceCheck::passed)
          ? ExitCode.OK
          : ExitCode.FAILURE;
    }
  }

  private void text(List<Row> rows, List<BackendReport> backends, PrintStream out) {
    if (!rows.isEmpty()) {
      List<String> columns = new ArrayList<>(List.of("device", "name", "kind", "evidence"));
      columns.addAll(checked ? List.of("memory", "state") : List.of("memory"));
      Table table = new Table(columns.toArray(String[]::new));
      for (Row row : rows) {
        DeviceInfo device = row.device();
        List<String> cells =
            new ArrayList<>(
                List.of(
                    device.uri(),
                    device.name(),
                    device.kind().name().toLowerCase(Locale.ROOT),
                    device.evidence().name().toLowerCase(Locale.ROOT),
                    memory(device)));
        row.check().map(DeviceCheck::text).ifPresent(cells::add);
        table.row(cells.toArray());
      }
      out.println(table);
      if (!checked) {
        out.println("nothing was computed: 'devices --check' does, on each of them");
      }
      out.println();
      for (Row row : rows) {
        row.device()
            .properties()
            .forEach((key, value) -> out.println(row.device().uri() + "  " + key + ": " + value));
      }
    }
    for (BackendReport backend : backends) {
      backend
          .reason()
          .ifPresent(
              reason -> out.println(backend.name() + "  " + backend.state() + ": " + reason));
    }
  }

  private static String memory(DeviceInfo device) {
    String size = String.format(Locale.ROOT, "%.1f GiB", device.memory() / (double) (1L << 30));
    return device.dedicatedMemory() > 0 ? size : size + " shared";
  }

  private static void json(List<Row> rows, List<BackendReport> backends, PrintStream out) {
    ObjectNode document = JsonText.document();
    ArrayNode devices = document.putArray("devices");
    for (Row row : rows) {
      DeviceInfo device = row.device();
      ObjectNode node =
          devices
              .addObject()
              .put("uri", device.uri())
              .put("backend", device.backend())
              .put("name", device.name())
              .put("kind", device.kind().name())
              .put("evidence", device.evidence().name())
              .put("eligibility", device.eligibility().name())
              .put("dedicated_memory", device.dedicatedMemory())
              .put("shared_memory", device.sharedMemory());
      row.check().ifPresent(check -> node.put("passed", check.passed()).put("state", check.text()));
      ObjectNode properties = node.putObject("properties");
      device.properties().forEach(properties::put);
    }
    ArrayNode reports = document.putArray("backends");
    for (BackendReport backend : backends) {
      ObjectNode node =
          reports
              .addObject()
              .put("name", backend.name())
              .put("version", backend.version())
              .put("state", backend.state().name())
              .put("probe_ms", backend.probeTime().toMillis());
      backend.reason().ifPresent(reason -> put(node, reason));
    }
    JsonText.write(document, out);
  }

  private static void put(ObjectNode node, Reason reason) {
    node.put("reason", reason.code().name())
        .put("detail", reason.detail())
        .put("remedy", reason.remedy());
  }
}
