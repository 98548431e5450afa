package org.touchstone.tools.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

/** Lists devices, and computes something small on each. */
@Command(
    name = "devices",
    description =
        "List every device, compute something small on it, and say why others are absent.")
final class DevicesCommand extends ToolkitCommand {
  private record Row(DeviceInfo device, DeviceCheck check) {}

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    try (Hal hal = Hal.open()) {
      List<Row> rows = new ArrayList<>();
      for (DeviceInfo device : hal.devices()) {
        rows.add(new Row(device, DeviceCheck.run(hal, device.uri())));
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
      return rows.stream().allMatch(row -> row.check().passed()) ? ExitCode.OK : ExitCode.FAILURE;
    }
  }

  private static void text(List<Row> rows, List<BackendReport> backends, PrintStream out) {
    if (!rows.isEmpty()) {
      Table table = new Table("device", "name", "kind", "evidence", "memory", "state");
      for (Row row : rows) {
        DeviceInfo device = row.device();
        table.row(
            device.uri(),
            device.name(),
            device.kind().name().toLowerCase(Locale.ROOT),
            device.evidence().name().toLowerCase(Locale.ROOT),
            memory(device),
            row.check().text());
      }
      out.println(table);
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
              .put("shared_memory", device.sharedMemory())
              .put("passed", row.check().passed())
              .put("state", row.check().text());
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
