package org.touchstone.tools.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Function;
import org.touchstone.api.op.Op;
import org.touchstone.backends.spi.KernelInspector.Access;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.tune.KernelSurvey;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says what kernels take of a device. */
@Command(
    name = "kernels",
    description =
        "Launch operators and print what each of their kernels takes of the device: work-groups,"
            + " local memory, private memory where the driver tells it, which share of the memory"
            + " that neighbours fetch together they use, and the bytes and operations of an output"
            + " element.")
final class KernelsCommand extends ToolkitCommand {
  @Option(names = "--device", required = true, paramLabel = "URI", description = "Device.")
  private String device = "";

  @Option(names = "--op", paramLabel = "NAME", description = "Operator or family; may be repeated.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--most-elements",
      paramLabel = "N",
      description = "Launch at sizes of at most so many elements; simulators are slow.")
  private long mostElements = Long.MAX_VALUE;

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    List<Op> ops = new ArrayList<>();
    for (String name : names) {
      if (Op.select(name).isEmpty()) {
        throw new UsageException("no operator or family is called '" + name + "'");
      }
      ops.addAll(Op.select(name));
    }
    KernelSurvey survey =
        KernelSurvey.of(device, names.isEmpty() ? Arrays.asList(Op.values()) : ops, mostElements);
    output.write(
        streams(),
        target -> {
          switch (format) {
            case TEXT -> target.println(table(survey));
            case JSON -> target.print(survey.json());
          }
        });
    return ExitCode.OK;
  }

  private static Table table(KernelSurvey survey) {
    Table table =
        new Table(
            "kernel",
            "function",
            "launches",
            "group",
            "at most",
            "multiple",
            "local",
            "private",
            "loads used",
            "stores used",
            "bytes/output",
            "operations/output");
    for (KernelSurvey.Row row : survey.rows()) {
      table.row(
          row.kernel(),
          row.launch().function(),
          Integer.toString(row.launches()),
          Long.toString(row.launch().groupSize()),
          Long.toString(row.launch().largestGroup()),
          Long.toString(row.launch().multiple()),
          Long.toString(row.launch().localBytes()),
          row.launch().privateBytes().isPresent()
              ? Long.toString(row.launch().privateBytes().getAsLong())
              : "-",
          used(row, Access::loadsUsed),
          used(row, Access::storesUsed),
          String.format(Locale.ROOT, "%.1f", row.bytes()),
          String.format(Locale.ROOT, "%.0f", row.operations()));
    }
    return table;
  }

  private static String used(KernelSurvey.Row row, Function<Access, OptionalInt> share) {
    OptionalInt percent = row.launch().access().map(share).orElse(OptionalInt.empty());
    return percent.isPresent() ? percent.getAsInt() + " %" : "-";
  }
}
