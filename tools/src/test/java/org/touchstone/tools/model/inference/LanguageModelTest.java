package org.touchstone.tools.model.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Receipt;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.Backends;
import org.touchstone.tools.model.ExampleModel;
import org.touchstone.tools.model.text.LogitsComparison;

class LanguageModelTest {
  private static final SampleSpec GREEDY = SampleSpec.argmax(256);
  private static final int[] PSALM =
      ids("The LORD is my shepherd; I shall not want.\nHe maketh me to lie down in green pastures");

  @TempDir Path folder;

  static int[] ids(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return IntStream.range(0, bytes.length).map(i -> bytes[i]).toArray();
  }

  /** Returns the logits after the last token, the tokens appended in pieces of the given sizes. */
  private static float[] appended(LanguageModel model, int[] text, int... pieces) {
    try (Session session = model.openSession(text.length, GREEDY)) {
      for (int piece : pieces) {
        int from = session.position();
        session.append(Arrays.copyOfRange(text, from, from + piece), 0);
      }
      assertThat(session.position()).isEqualTo(text.length);
      return session.logits();
    }
  }

  private static int[] ones(int count) {
    int[] pieces = new int[count];
    Arrays.fill(pieces, 1);
    return pieces;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu://simd", "cpu://reference"})
  void decodingStepByStepEqualsPrefill(String device) {
    try (Running running = Running.open(ExampleModel.folder(), device)) {
      float[] whole = appended(running.model(), PSALM, PSALM.length);
      float[] steps = appended(running.model(), PSALM, ones(PSALM.length));
      float[] chunks = appended(running.model(), PSALM, 7, 1, 60, PSALM.length - 68);

      // Absorbed and expanded attention are equal up to rounding, which a quantiser may enlarge.
      assertThat(LogitsComparison.of(whole, steps, 256).meanKl()).isLessThan(2e-3);
      assertThat(LogitsComparison.of(whole, chunks, 256).meanKl()).isLessThan(2e-3);
      assertThat(LogitsComparison.of(whole, steps, 256).topAgreement()).isEqualTo(1);
    }
  }

  @Test
  void sequencesOfABatchDoNotSeeEachOther() {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      int[] first = Arrays.copyOfRange(PSALM, 0, 19);
      int[] second = Arrays.copyOfRange(PSALM, 23, 60);
      float[] together = running.model().logits(List.of(first, second));
      float[] alone = running.model().logits(List.of(second));

      float[] part = Arrays.copyOfRange(together, 19 * 256, together.length);
      assertThat(LogitsComparison.of(alone, part, 256).meanKl()).isLessThan(2e-3);
      assertThat(LogitsComparison.of(alone, part, 256).topAgreement()).isGreaterThan(0.94);
    }
  }

  @Test
  void everyPreparedSpecIsDeclaredBeforehand() {
    try (Running running =
        Running.open(Hal.open(), ExampleModel.folder(), "cpu://simd", Packing.OFF)) {
      appended(running.model(), PSALM, 5, PSALM.length - 5);
      running.model().logits(List.of(PSALM));

      Set<OpSpec<?>> declared = new HashSet<>(running.model().blueprint().specs());
      declared.add(GREEDY);
      assertThat(declared).containsAll(running.model().preparedSpecs());
    }
  }

  @Test
  void packingChangesNoPrediction() {
    float[] plain;
    LoadReport plainReport;
    try (Running running =
        Running.open(Hal.open(), ExampleModel.folder(), "cpu://simd", Packing.OFF)) {
      plain = running.model().logits(List.of(PSALM));
      plainReport = running.model().loadReport();
    }
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      float[] packed = running.model().logits(List.of(PSALM));

      assertThat(LogitsComparison.of(plain, packed, 256).meanKl()).isLessThan(2e-3);
    }
    assertThat(plainReport.packed()).isZero();
    assertThat(plainReport.inPlace()).as("mapped weights are used in place").isPositive();
  }

  @Test
  void deviceThatTheHostReachesByCopiesOnlyComputesTheSame() {
    float[] direct;
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      direct = appended(running.model(), PSALM, 30, PSALM.length - 30);
    }
    Hal copying = Backends.open(HalOptions.DEFAULT, new CopyingCpu());
    try (Running running =
        Running.open(copying, ExampleModel.folder(), "cpu://simd", Packing.PREFERRED)) {
      assertThat(appended(running.model(), PSALM, 30, PSALM.length - 30)).containsExactly(direct);
      assertThat(running.model().loadReport().inPlace()).isZero();
      assertThat(running.model().loadReport().copied()).isPositive();
    }
  }

  @Test
  void tensorsAtOddAddressesAreCopied() {
    ExampleModel.writeConfig(folder, config -> {});
    ExampleModel.writeCheckpoint(folder, 1, contents -> {});
    try (Running odd = Running.open(folder, "cpu://simd");
        Running even = Running.open(ExampleModel.folder(), "cpu://simd")) {
      assertThat(odd.model().loadReport().inPlace())
          .as("bytes have no alignment")
          .isPositive()
          .isLessThan(even.model().loadReport().inPlace());
      assertThat(odd.model().logits(List.of(PSALM)))
          .containsExactly(even.model().logits(List.of(PSALM)));
    }
  }

  @Test
  void receiptsNameWhatRan() {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      running.model().logits(List.of(PSALM));

      assertThat(running.model().receipts())
          .extracting(Receipt::operator)
          .contains("embedding", "mla_prefill", "moe_forward", "moe_route", "gemm_fp8_block");
      assertThat(running.model().receipts()).extracting(Receipt::device).containsOnly("cpu://simd");
    }
  }

  @Test
  void cacheThatIsFullRefusesMore() {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd");
        Session session = running.model().openSession(3, GREEDY)) {
      session.append(new int[] {65, 66}, 0);

      assertThatIllegalArgumentException()
          .isThrownBy(() -> session.append(new int[] {67, 68}, 0))
          .withMessage("cannot append 2 tokens to a sequence of 2 whose cache holds 3");
      assertThatIllegalArgumentException().isThrownBy(() -> session.append(new int[0], 0));
      assertThat(session.append(new int[] {67}, 0)).isBetween(0, 255);
    }
  }

  @Test
  void aSequenceLongerThanOneBatchIsSplit() {
    int[] text = new int[LanguageModel.MAX_BATCH_TOKENS + 3];
    for (int i = 0; i < text.length; i++) {
      text[i] = PSALM[i % PSALM.length];
    }
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      float[] whole = appended(running.model(), text, text.length);
      float[] pieces = appended(running.model(), text, 1000, text.length - 1000);

      assertThat(LogitsComparison.of(whole, pieces, 256).meanKl()).isLessThan(2e-3);
    }
  }

  @Test
  void samplingFollowsTheVariate() {
    try (Running running = Running.open(ExampleModel.folder(), "cpu://simd")) {
      List<Integer> drawn = new ArrayList<>();
      for (float variate : new float[] {0, 0.3f, 0.6f, 0.999f}) {
        try (Session session =
            running.model().openSession(PSALM.length, new SampleSpec(256, 2, 0, 1, 0))) {
          drawn.add(session.append(PSALM, variate));
        }
      }
      assertThat(drawn).isSorted();
      assertThat(new HashSet<>(drawn)).hasSizeGreaterThan(1);
    }
  }
}
