package org.touchstone.tools.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.api.Decision;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.api.Selection;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.conformance.ExitCode;
import org.touchstone.tools.device.RepresentativeSpecs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Says which device an operator would run on, and why not on the others. */
@Command(
    name = "explain",
    description =
        "Show which device would run an operator at a real model's size, and why no other one.")
final class ExplainCommand extends ToolkitCommand {
  private record Explained(Op op, OpSpec<?> spec, List<Row> rows) {}

  private record Row(Decision.Candidate candidate, Optional<Verdict.Yes> kernel) {}

  @Parameters(
      paramLabel = "OP",
      arity = "1",
      description = "Operator, for example gemm_fp8_block, or family, for example gemm.")
  private String name = "";

  @Option(
      names = "--device",
      paramLabel = "URI",
      description = "Explain the choice of this device.")
  private Optional<String> device = Optional.empty();

  @Option(
      names = "--prefer",
      paramLabel = "KIND",
      description = "Rank devices of this kind first: gpu, accelerator or cpu.")
  private List<DeviceKind> preferred = new ArrayList<>();

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    List<Op> ops = Op.select(name);
    if (ops.isEmpty()) {
      throw new UsageException(
          "no operator or family is called '"
              + name
              + "'; operators are "
              + String.join(", ", Arrays.stream(Op.values()).map(Op::opName).toList())
              + "; families are "
              + String.join(", ", Arrays.stream(Op.values()).map(Op::family).distinct().toList()));
    }
    List<Explained> explained = new ArrayList<>();
    try (Hal hal = Hal.open()) {
      for (Op op : ops) {
        OpSpec<?> spec = RepresentativeSpecs.of(op);
        List<Row> rows = new ArrayList<>();
        for (Decision.Candidate candidate : hal.explain(selection(spec)).candidates()) {
          rows.add(new Row(candidate, kernel(hal, candidate, spec)));
        }
        explained.add(new Explained(op, spec, rows));
      }
    }
    output.write(
        streams(),
        target -> {
          switch (format) {
            case TEXT -> text(explained, target);
            case JSON -> json(explained, target);
          }
        });
    boolean everyOpHasADevice =
        explained.stream()
            .allMatch(e -> e.rows().stream().anyMatch(row -> chosen(row.candidate())));
    return everyOpHasADevice ? ExitCode.OK : ExitCode.DEVICE_MISSING;
  }

  private Selection selection(OpSpec<?> spec) {
    Selection selection = Selection.require(spec).prefer(preferred.toArray(new DeviceKind[0]));
    return device.map(selection::on).orElse(selection);
  }

  private static boolean chosen(Decision.Candidate candidate) {
    return candidate.outcome() == Decision.Outcome.CHOSEN
        || candidate.outcome() == Decision.Outcome.CHOSEN_AS_FALLBACK;
  }

  private static Optional<Verdict.Yes> kernel(
      Hal hal, Decision.Candidate candidate, OpSpec<?> spec) {
    Optional<DeviceInfo> info = candidate.device();
    if (info.isEmpty()) {
      return Optional.empty();
    }
    try (Device opened = hal.device(info.get().uri())) {
      return opened.support(spec) instanceof Verdict.Yes yes ? Optional.of(yes) : Optional.empty();
    } catch (HalException e) {
      // The decision already says what is wrong with the device.
      return Optional.empty();
    }
  }

  private static void text(List<Explained> explained, PrintStream out) {
    for (Explained e : explained) {
      out.println(e.op().opName() + ": " + e.op().summary());
      out.println(e.spec());
      Table table =
          new Table("outcome", "candidate", "kernel", "accumulator", "reason", "detail", "remedy");
      for (Row row : e.rows()) {
        Decision.Candidate candidate = row.candidate();
        table.row(
            candidate.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' '),
            candidate.subject(),
            row.kernel().map(Verdict.Yes::kernel).orElse("-"),
            row.kernel().map(yes -> yes.traits().accumulator().toString()).orElse("-"),
            candidate.reason().map(reason -> reason.code().name()).orElse("-"),
            candidate.reason().map(Reason::detail).orElse("-"),
            candidate.reason().map(Reason::remedy).orElse("-"));
      }
      out.println(table);
      out.println();
    }
  }

  private static void json(List<Explained> explained, PrintStream out) {
    ObjectNode document = JsonText.document();
    ArrayNode decisions = document.putArray("decisions");
    for (Explained e : explained) {
      ObjectNode decision =
          decisions.addObject().put("op", e.op().opName()).put("spec", e.spec().toString());
      ArrayNode candidates = decision.putArray("candidates");
      for (Row row : e.rows()) {
        ObjectNode node =
            candidates
                .addObject()
                .put("candidate", row.candidate().subject())
                .put("outcome", row.candidate().outcome().name());
        row.kernel()
            .ifPresent(
                yes ->
                    node.put("kernel", yes.kernel())
                        .put("accumulator", yes.traits().accumulator().toString()));
        row.candidate()
            .reason()
            .ifPresent(
                reason ->
                    node.put("reason", reason.code().name())
                        .put("detail", reason.detail())
                        .put("remedy", reason.remedy()));
      }
    }
    JsonText.write(document, out);
  }
}
