package org.touchstone.tools.model.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.tools.model.text.LogitsComparison;

class QwenTest {
  private static final int[] TEXT =
      LanguageModelTest.ids("So foul a sky clears not without a storm: pour down thy weather.");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"cpu://simd", "cpu://reference"})
  void logitsAreThoseOfAnIndependentForwardPass(String device) {
    double[] exact = new TinyQwen(folder).logits(TEXT);
    float[] expected = new float[exact.length];
    for (int i = 0; i < exact.length; i++) {
      expected[i] = (float) exact[i];
    }
    try (Running running = Running.open(folder, device)) {
      float[] actual = running.model().logits(List.of(TEXT));

      LogitsComparison comparison = LogitsComparison.of(expected, actual, TinyQwen.VOCABULARY);
      // What BF16 activations cost; a wrong pair, head or expert costs nats.
      assertThat(comparison.meanKl()).isLessThan(3.3e-4);
      assertThat(comparison.topAgreement()).isGreaterThan(0.9);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu://simd", "cpu://reference"})
  void decodingStepByStepEqualsPrefill(String device) {
    new TinyQwen(folder);
    try (Running running = Running.open(folder, device)) {
      SampleSpec greedy = SampleSpec.argmax(TinyQwen.VOCABULARY);
      try (Session whole = running.model().openSession(TEXT.length, greedy);
          Session steps = running.model().openSession(TEXT.length, greedy)) {
        whole.append(TEXT, 0);
        for (int id : TEXT) {
          steps.append(new int[] {id}, 0);
        }
        LogitsComparison comparison =
            LogitsComparison.of(whole.logits(), steps.logits(), TinyQwen.VOCABULARY);

        assertThat(comparison.meanKl()).isLessThan(1e-3);
        assertThat(comparison.topAgreement()).isEqualTo(1);
      }
    }
  }
}
