package org.touchstone.tools.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.config.Setting;
import org.touchstone.backends.config.SettingKey;
import org.touchstone.backends.config.Settings;
import org.touchstone.conformance.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Prints the settings. */
@Command(
    name = "env",
    description = "Print every setting with its value and where that comes from.")
final class EnvCommand extends ToolkitCommand {
  private record Row(SettingKey key, Setting setting) {}

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    Configuration configuration = Configuration.of(Map.of());
    List<Row> rows = new ArrayList<>();
    for (SettingKey key : Settings.known()) {
      rows.add(new Row(key, configuration.setting(key)));
    }
    output.write(
        streams(),
        target -> {
          switch (format) {
            case TEXT -> text(rows, target);
            case JSON -> json(rows, target);
          }
        });
    return ExitCode.OK;
  }

  private static void text(List<Row> rows, PrintStream out) {
    Table table = new Table("setting", "value", "origin", "place", "meaning");
    for (Row row : rows) {
      Setting setting = row.setting();
      table.row(
          row.key().property(),
          setting.value(),
          setting.origin().name().toLowerCase(Locale.ROOT),
          setting.origin() == Setting.Origin.DEFAULT ? row.key().variable() : setting.place(),
          row.key().description());
    }
    out.println(table);
  }

  private static void json(List<Row> rows, PrintStream out) {
    ObjectNode document = JsonText.document();
    ArrayNode settings = document.putArray("settings");
    for (Row row : rows) {
      settings
          .addObject()
          .put("property", row.key().property())
          .put("variable", row.key().variable())
          .put("value", row.setting().value())
          .put("origin", row.setting().origin().name())
          .put("place", row.setting().place())
          .put("description", row.key().description());
    }
    JsonText.write(document, out);
  }
}
