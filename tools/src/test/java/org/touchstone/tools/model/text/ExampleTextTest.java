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
import org.junit.jupiter.api.parallel.ResourceLock;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.tools.model.DequantizedExample;
import org.touchstone.tools.model.ExampleModel;
import org.touchstone.tools.model.inference.LanguageModel;
import org.touchstone.tools.model.inference.Running;

/** The example model against what an independent program computed with it. */
class ExampleTextTest {
  private static final String PROMPT = "And the LORD said unto ";
  private static final double NATS_PER_BYTE = 1.203796;
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
        .generate(
            tokenizer.encode(PROMPT.getBytes(StandardCharsets.UTF_8)),
            count,
            seed,
            id -> bytes.write(tokenizer.decode(id)));
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

  @Test
  void scoreIsThatOfTheIndependentProgram() throws IOException {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      List<Long> progress = new ArrayList<>();
      Scorer.Score score = new Scorer(running.model(), 128).score(heldOut(), progress::add);

      assertThat(score.windows()).isEqualTo(128);
      assertThat(score.scored()).isEqualTo(128 * 127);
      assertThat(score.natsPerToken()).isCloseTo(NATS_PER_BYTE, withinPercentage(0.2));
      assertThat(score.bitsPerToken())
          .isCloseTo(NATS_PER_BYTE / Math.log(2), withinPercentage(0.2));
      assertThat(progress).isSorted().endsWith(16_384L);
    }
  }

  /** Returns whether the tests are to run without a package. */
  private static boolean absent(String name) {
    String absent = System.getenv().getOrDefault("TOUCHSTONE_TEST_ABSENT", "");
    return List.of(absent.split(",", -1)).contains(name);
  }

  /** The reference is slow: all windows take minutes, so only the long tier runs them. */
  @Test
  void scoreOfTheReference() throws IOException {
    boolean all = "full".equals(System.getenv("TOUCHSTONE_TEST_TIER"));
    int[] text = Arrays.copyOf(heldOut(), all ? 16_384 : 12 * 128);
    double reference;
    double simd;
    try (Running running = Running.open(ExampleModel.folder(), "cpu://reference")) {
      reference = new Scorer(running.model(), 128).score(text, done -> {}).natsPerToken();
    }
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      simd = new Scorer(running.model(), 128).score(text, done -> {}).natsPerToken();
    }
    if (!absent("pocl")) {
      try (Running running = Running.open(ExampleModel.folder(), "opencl://pocl/0")) {
        Scorer.Score pocl = new Scorer(running.model(), 128).score(text, done -> {});
        assertThat(pocl.natsPerToken()).isCloseTo(reference, withinPercentage(0.2));
      }
    }

    assertThat(simd).isCloseTo(reference, withinPercentage(0.2));
    if (all) {
      assertThat(reference).isCloseTo(NATS_PER_BYTE, withinPercentage(0.2));
    }
  }

  /** The kernels that ship for GPUs, executed by the simulator: a window of the text. */
  @Test
  @ResourceLock("settings of simulated GPUs")
  void scoreOfASimulatedGpu() throws IOException {
    int[] text = Arrays.copyOf(heldOut(), 64);
    double simd;
    double simulated;
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      simd = new Scorer(running.model(), 32).score(text, done -> {}).natsPerToken();
    }
    try (Running running = Running.open(ExampleModel.folder(), "cuda-sim://sm_89")) {
      Scorer.Score score = new Scorer(running.model(), 32).score(text, done -> {});
      assertThat(score.scored()).isEqualTo(2 * 31);
      simulated = score.natsPerToken();
    }

    // So few tokens do not average out what the rounding of an activation's code decides.
    assertThat(simulated).isCloseTo(simd, withinPercentage(2));
  }

  private static LogitsComparison firstWindow(Path folder, String device, String tensor)
      throws IOException {
    try (Running running = Running.open(folder, device)) {
      LogitsComparison comparison =
          ExpectedLogits.compare(running.model(), heldOut(), 128, EXPECTED, tensor);
      assertThat(comparison.positions()).isEqualTo(128);
      return comparison;
    }
  }

  private static double disagreements(LogitsComparison comparison) {
    return (1 - comparison.topAgreement()) * comparison.positions();
  }

  @Test
  void logitsOfTheFirstWindow() throws IOException {
    String tensor = "logits.fp8_weights.act";
    LogitsComparison reference = firstWindow(ExampleModel.folder(), "cpu://reference", tensor);
    LogitsComparison simd = firstWindow(ExampleModel.folder(), "cpu://simd", tensor);

    // A last bit that decides a quantiser's rounding shows in everything behind it.
    assertThat(reference.meanKl()).isLessThan(2e-3);
    assertThat(disagreements(reference)).isLessThan(4);
    assertThat(simd.meanKl()).isLessThan(2 * reference.meanKl());
    assertThat(disagreements(simd)).isLessThan(6);
  }

  @Test
  void logitsOfTheModelWithoutQuantisedActivations() throws IOException {
    DequantizedExample.write(folder);
    String tensor = "logits.fp8_weights";
    LogitsComparison reference = firstWindow(folder, "cpu://reference", tensor);
    LogitsComparison simd = firstWindow(folder, "cpu://simd", tensor);

    assertThat(reference.meanKl()).isLessThan(1e-4);
    assertThat(disagreements(reference)).isLessThan(2);
    assertThat(simd.meanKl()).isLessThan(1.5 * reference.meanKl());
    assertThat(disagreements(simd)).isLessThan(1.5 * Math.max(1, disagreements(reference)));
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
          .isThrownBy(() -> new Scorer(model, 1).score(new int[128], done -> {}))
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
