package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.Receipt;
import org.touchstone.api.Selection;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.conformance.ExitCode;
import org.touchstone.tools.model.Blueprint;
import org.touchstone.tools.model.inference.LanguageModel;
import org.touchstone.tools.model.inference.Packing;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.text.ByteTokenizer;
import org.touchstone.tools.model.text.ExpectedLogits;
import org.touchstone.tools.model.text.Generator;
import org.touchstone.tools.model.text.Impossible;
import org.touchstone.tools.model.text.LogitsComparison;
import org.touchstone.tools.model.text.Scorer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Runs a language model: continues a prompt, or scores a text. */
@Command(
    name = "run",
    description =
        "Run a language model: continue a prompt, streaming the new text to stdout, or score a text"
            + " and print the result as JSON.")
final class RunCommand extends ToolkitCommand {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Folder with config.json and model.safetensors, or its index.")
  private Path folder = Path.of("");

  @Option(
      names = "--device",
      paramLabel = "URI",
      description = "Device, as 'devices' prints it; chosen automatically by default.")
  private Optional<String> deviceUri = Optional.empty();

  @Option(names = "--prompt", paramLabel = "TEXT", description = "Text to continue.")
  private Optional<String> prompt = Optional.empty();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Most new tokens; 100 by default.")
  private int maxTokens = 100;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      description = "Divisor of the logits; 0, the default, always takes the likeliest token.")
  private float temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Draw among the K likeliest tokens; 0, the default, among all.")
  private long topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw among the likeliest tokens that make up probability P; 1 by default.")
  private float topP = 1;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the draws; 0 by default.")
  private long seed;

  @Option(names = "--ignore-eos", description = "Go on after a token that ends the text.")
  private boolean ignoreEndOfText;

  @Option(names = "--score", paramLabel = "FILE", description = "Text to score.")
  private Optional<Path> score = Optional.empty();

  @Option(
      names = "--window",
      paramLabel = "N",
      description =
          "Tokens per window: each starts at position 0 with an empty cache, its first token is not"
              + " scored; 128 by default.")
  private int window = 128;

  @Option(
      names = "--expect",
      paramLabel = "FILE",
      description = "safetensors file with logits that the first tokens should get.")
  private Optional<Path> expect = Optional.empty();

  @Option(
      names = "--expect-tensor",
      paramLabel = "NAME",
      description = "The tensor in that file, F32 [tokens, vocabulary].")
  private Optional<String> expectTensor = Optional.empty();

  @Option(
      names = "--packing",
      paramLabel = "WHAT",
      description =
          "preferred (default): pack weights once where the device's kernels prefer a layout; off:"
              + " leave them as they are.")
  private Packing packing = Packing.PREFERRED;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    if (prompt.isPresent() == score.isPresent()) {
      throw new UsageException("give either --prompt TEXT or --score FILE");
    }
    if (expect.isPresent() != expectTensor.isPresent() || (expect.isPresent() && score.isEmpty())) {
      throw new UsageException("--expect FILE and --expect-tensor NAME go together with --score");
    }
    long start = System.nanoTime();
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      Blueprint blueprint = Blueprint.read(folder, checkpoint);
      ByteTokenizer tokenizer = ByteTokenizer.of(folder, blueprint.config());
      int[] ids =
          tokenizer.encode(score.isPresent() ? bytes(score.get()) : utf8(prompt.orElseThrow()));
      if (score.isPresent()) {
        Scorer.requirePossible(blueprint.config(), window, ids.length);
      } else {
        Generator.requirePossible(blueprint.config(), ids.length, maxTokens);
      }
      SampleSpec sampling = sampling(blueprint);
      try (Hal hal = Hal.open();
          Device device = hal.select(selection(blueprint, sampling));
          LanguageModel model = LanguageModel.load(blueprint, device, packing)) {
        note(
            String.format(
                Locale.ROOT,
                "%s (%s) on %s; weights: %s; ready after %.2f s",
                folder,
                blueprint.config().modelType(),
                device.info().uri(),
                model.loadReport(),
                (System.nanoTime() - start) * 1e-9));
        if (score.isPresent()) {
          score(model, ids, score.get());
        } else {
          generate(model, tokenizer, sampling, ids);
        }
        return ExitCode.OK;
      }
    } catch (Impossible e) {
      throw new UsageException(e.getMessage(), e);
    }
  }

  private SampleSpec sampling(Blueprint blueprint) {
    try {
      return new SampleSpec(blueprint.config().common().vocabulary(), temperature, topK, topP, 0);
    } catch (HalException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }

  private Selection selection(Blueprint blueprint, SampleSpec sampling) {
    Selection selection = Selection.require(blueprint.specs().toArray(new OpSpec<?>[0]));
    if (score.isEmpty()) {
      selection = selection.and(sampling);
    }
    return deviceUri.map(selection::on).orElse(selection);
  }

  private void generate(
      LanguageModel model, ByteTokenizer tokenizer, SampleSpec sampling, int[] ids)
      throws IOException {
    Generator generator =
        new Generator(
            model,
            sampling,
            ignoreEndOfText ? Generator.EndOfText.IGNORE : Generator.EndOfText.STOP);
    output.write(
        streams(),
        target -> {
          Generator.Result result =
              generator.generate(
                  ids,
                  maxTokens,
                  seed,
                  id -> {
                    target.write(tokenizer.decode(id));
                    target.flush();
                  });
          target.println();
          note(speed(result));
        });
  }

  private static String speed(Generator.Result result) {
    String all =
        String.format(
            Locale.ROOT,
            "%d prompt tokens in %.3f s, %d new tokens at %.0f tokens/s",
            result.promptTokens(),
            result.promptTime().toNanos() * 1e-9,
            result.newTokens(),
            result.tokensPerSecond());
    // The first tokens wait for the compiler, so a rate over all of them says little of the rest.
    return result.lateTokens() == 0
        ? all
        : String.format(
            Locale.ROOT,
            "%s, the last %d at %.0f tokens/s",
            all,
            result.lateTokens(),
            result.lateTokensPerSecond());
  }

  private void score(LanguageModel model, int[] ids, Path file) throws IOException {
    Scorer scorer = new Scorer(model, window);
    Scorer.Score result;
    try (Progress progress = new Progress(streams(), "tokens", ids.length)) {
      result = scorer.score(ids, progress::done);
    }
    ObjectNode document =
        JsonText.document()
            .put("model", folder.toString())
            .put("text", file.toString())
            .put("window", window)
            .put("windows", result.windows())
            .put("scored", result.scored())
            .put("nats_per_byte", result.natsPerToken())
            .put("bits_per_byte", result.bitsPerToken())
            .put("tokens_per_second", result.tokensPerSecond());
    if (expect.isPresent()) {
      compare(model, ids, expect.get(), expectTensor.orElseThrow(), document);
    }
    receipts(model, document);
    output.write(streams(), target -> JsonText.write(document, target));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new UsageException("--score " + file + ": no such file", e);
    }
  }

  private void compare(
      LanguageModel model, int[] ids, Path file, String tensor, ObjectNode document) {
    LogitsComparison comparison = ExpectedLogits.compare(model, ids, window, file, tensor);
    document
        .putObject("expected")
        .put("file", file.toString())
        .put("tensor", tensor)
        .put("positions", comparison.positions())
        .put("mean_kl", comparison.meanKl())
        .put("max_kl", comparison.maxKl())
        .put("top1_agreement", comparison.topAgreement());
  }

  private static void receipts(LanguageModel model, ObjectNode document) {
    Set<String> kernels = new TreeSet<>();
    Set<String> backends = new TreeSet<>();
    Set<String> evidence = new TreeSet<>();
    Set<String> notes = new TreeSet<>();
    for (Receipt receipt : model.receipts()) {
      kernels.add(receipt.operator() + ": " + receipt.kernel());
      backends.add(receipt.backend());
      evidence.add(receipt.evidence().name().toLowerCase(Locale.ROOT));
      notes.addAll(receipt.notes());
    }
    document.put("device", model.device().info().uri());
    document.put("backend", String.join(", ", backends));
    document.put("evidence", String.join(", ", evidence));
    ArrayNode list = document.putArray("kernels");
    kernels.forEach(list::add);
    ArrayNode remarks = document.putArray("notes");
    notes.forEach(remarks::add);
  }

  private void note(String text) {
    streams().err().println(text);
  }
}
