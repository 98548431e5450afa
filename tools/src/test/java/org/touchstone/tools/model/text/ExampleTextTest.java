package org.touchstone.tools.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.tools.model.DequantizedExample;
import org.touchstone.tools.model.ExampleModel;
import org.touchstone.tools.model.inference.LanguageModel;
import org.touchstone.tools.model.inference.Running;

/** The example model against what an independent program computed with it. */
class ExampleTextTest {
  private static final String PROMPT = "And the LORD said unto ";
  private static final Path EXPECTED = ExampleModel.folder().resolve("expected.safetensors");
  private static final SampleSpec GREEDY = SampleSpec.argmax(256);

  @TempDir Path folder;

  private static int[] heldOut() throws IOException {
    byte[] bytes = Files.readAllBytes(ExampleModel.folder().resolve("heldout.txt"));
    int[] ids = new int[bytes.length];
    Arrays.setAll(ids, i -> Byte.toUnsignedInt(bytes[i]));
    return ids;
  }

  private static String generate(LanguageModel model, SampleSpec sampling, long seed, int count) {
    ByteTokenizer tokenizer = ByteTokenizer.of(ExampleModel.folder(), model.blueprint().config());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new Generator(model, sampling, Generator.EndOfText.IGNORE)
        .generate(tokenizer.encode(PROMPT), count, seed, id -> bytes.write(tokenizer.decode(id)));
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void greedyTextBeginsAsInTheIndependentProgram() {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      String text = generate(running.model(), GREEDY, 0, 80);

      assertThat(text)
          .startsWith("Moses, The LORD hath spoken thy servants, and the priests the L");
    }
  }

  @Test
  void sameSeedSameTextAnotherSeedAnotherText() {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      SampleSpec warm = new SampleSpec(256, 1, 0, 0.95f, 0);
      String first = generate(running.model(), warm, 1, 40);

      assertThat(generate(running.model(), warm, 1, 40)).isEqualTo(first);
      assertThat(generate(running.model(), warm, 2, 40)).isNotEqualTo(first);
    }
  }

  @ParameterizedTest
  @CsvSource({"cpu://simd, 128, 1.203796", "cpu://reference, 128, 1.203796"})
  void scoreIsThatOfTheIndependentProgram(String device, int window, double expected)
      throws IOException {
    try (Running running = Running.open(ExampleModel.folder(), device)) {
      int[] text = heldOut();
      List<Long> progress = new ArrayList<>();
      Scorer.Score score = new Scorer(running.model(), window).score(text, progress::add);

      assertThat(score.windows()).isEqualTo(128);
      assertThat(score.scored()).isEqualTo(128 * 127);
      assertThat(score.natsPerToken()).isCloseTo(expected, withinPercentage(0.2));
      assertThat(score.bitsPerToken()).isCloseTo(expected / Math.log(2), withinPercentage(0.2));
      assertThat(progress).isSorted().endsWith(16_384L);
    }
  }

  @ParameterizedTest
  @CsvSource({"cpu://simd", "cpu://reference"})
  void logitsOfTheFirstWindow(String device) throws IOException {
    try (Running running = Running.open(ExampleModel.folder(), device)) {
      LogitsComparison comparison =
          ExpectedLogits.compare(
              running.model(), heldOut(), 128, EXPECTED, "logits.fp8_weights.act");

      assertThat(comparison.positions()).isEqualTo(128);
      assertThat(comparison.meanKl()).isLessThan(5e-3);
      assertThat(comparison.topAgreement()).isGreaterThan(0.96);
    }
  }

  @ParameterizedTest
  @CsvSource({"cpu://simd", "cpu://reference"})
  void logitsOfTheDequantisedModel(String device) throws IOException {
    DequantizedExample.write(folder);
    try (Running running = Running.open(folder, device)) {
      LogitsComparison comparison =
          ExpectedLogits.compare(running.model(), heldOut(), 128, EXPECTED, "logits.fp8_weights");

      assertThat(comparison.meanKl()).isLessThan(1e-3);
      assertThat(comparison.topAgreement()).isGreaterThan(0.97);
    }
  }

  @Test
  void lastWindowMayBeShort() throws IOException {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      int[] text = Arrays.copyOf(heldOut(), 300);
      Scorer.Score score = new Scorer(running.model(), 128).score(text, done -> {});
      Scorer.Score withoutSingle =
          new Scorer(running.model(), 128).score(Arrays.copyOf(text, 257), done -> {});

      assertThat(score.windows()).isEqualTo(3);
      assertThat(score.scored()).isEqualTo(127 + 127 + 43);
      assertThat(withoutSingle.windows()).isEqualTo(2);
      assertThat(withoutSingle.tokens()).isEqualTo(256);
    }
  }

  @Test
  void impossibleRequestsSayWhatIsPossible() {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      LanguageModel model = running.model();
      assertThatExceptionOfType(Impossible.class)
          .isThrownBy(() -> new Scorer(model, 1))
          .withMessage("window: expected 2 to 1024 tokens, got 1");
      assertThatExceptionOfType(Impossible.class)
          .isThrownBy(() -> new Scorer(model, 128).score(new int[1], done -> {}))
          .withMessage("text: expected at least 2 tokens, got 1");
      assertThatExceptionOfType(Impossible.class)
          .isThrownBy(
              () ->
                  new Generator(model, GREEDY, Generator.EndOfText.STOP)
                      .generate(new int[1000], 26, 0, id -> {}))
          .withMessage(
              "prompt and new tokens: expected at least one of each, and together at most 1025 for"
                  + " the model's 1024 positions, got 1000 and 26");
    }
  }
}
