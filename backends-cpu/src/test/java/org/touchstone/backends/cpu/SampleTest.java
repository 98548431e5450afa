package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.SampleArgs;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;
import org.touchstone.backends.oracle.OracleRequest.Regime;
import org.touchstone.backends.oracle.Scope;

/** {@code sample} on both CPU devices, and what the reference accepts. */
class SampleTest {
  private static final long SEED = 20_251_105;
  private static final CpuRun SIMD = CpuRun.simd(2);
  private static final double NONE = Double.NEGATIVE_INFINITY;

  private final TestTensors tensors = new TestTensors(SEED);

  @AfterEach
  void free() {
    tensors.close();
  }

  static Stream<CpuRun> devices() {
    return Stream.of(SIMD, CpuRun.reference());
  }

  @ParameterizedTest
  @MethodSource("devices")
  void theLargestLogitWinsAndTheLowestIndexOnTies(CpuRun device) {
    SampleSpec spec = SampleSpec.argmax(5);
    assertThat(draw(device, spec, 0, 1, 7, -2, 7, 3)).isEqualTo(1);
    assertThat(draw(device, spec, 0, -0.0, 0, -1, 0, -3)).isZero();
    assertThat(draw(device, spec, 0, Double.NaN, NONE, -3e38, Double.NaN, NONE)).isEqualTo(2);
    assertThat(draw(device, spec, 0, 1, 2, 3, Double.POSITIVE_INFINITY, 4)).isEqualTo(3);
    assertThat(draw(device, spec, 0, NONE, NONE, NONE, NONE, Double.NaN)).isEqualTo(-1);
  }

  /** Probabilities 1/2, 1/4, 1/8, 1/8 in index order 0, 1, 2, 3. */
  @ParameterizedTest
  @MethodSource("devices")
  void variatesMapToTokensByTheInverseOfTheCumulativeDistribution(CpuRun device) {
    double[] logits = {Math.log(4), Math.log(2), 0, 0};
    SampleSpec all = new SampleSpec(4, 1, 0, 1, 0);
    assertThat(draws(device, all, logits, 0, .49, .51, .74, .76, .86, .88, .999))
        .containsExactly(0, 0, 1, 1, 2, 2, 3, 3);
    // Temperature 1/2 squares the odds: 16 : 4 : 1 : 1.
    SampleSpec cold = new SampleSpec(4, .5f, 0, 1, 0);
    assertThat(draws(device, cold, logits, .72, .73, .9, .91, .95, .96))
        .containsExactly(0, 1, 1, 2, 2, 3);
    // The second largest logit, then 2/3 and 1/3.
    SampleSpec two = new SampleSpec(4, 1, 2, 1, 0);
    assertThat(draws(device, two, logits, .66, .67, .999)).containsExactly(0, 1, 1);
    // Ties with the third largest are kept.
    SampleSpec three = new SampleSpec(4, 1, 3, 1, 0);
    assertThat(draws(device, three, logits, .76, .88)).containsExactly(2, 3);
    // The crossing token is kept, of equal probabilities the one with the lower index.
    SampleSpec most = new SampleSpec(4, 1, 0, .8f, 0);
    assertThat(draws(device, most, logits, .57, .58, .85, .86, .999))
        .containsExactly(0, 1, 1, 2, 2);
    // Top-p counts what top-k left: 1/2 : 1/4, so the first holds 2/3 of it.
    SampleSpec both = new SampleSpec(4, 1, 2, .6f, 0);
    assertThat(draws(device, both, logits, 0, .999)).containsExactly(0, 0);
    SampleSpec least = new SampleSpec(4, 1, 0, 1, .4f);
    assertThat(draws(device, least, logits, .66, .67, .999)).containsExactly(0, 1, 1);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void specialLogits(CpuRun device) {
    SampleSpec spec = new SampleSpec(4, .7f, 3, .9f, .01f);
    double inf = Double.POSITIVE_INFINITY;
    assertThat(draw(device, spec, .3, NONE, NONE, Double.NaN, NONE)).isEqualTo(-1);
    assertThat(draw(device, spec, .9, Double.NaN, 1, NONE, Double.NaN)).isEqualTo(1);
    assertThat(draw(device, new SampleSpec(4, 1, 0, 1, 0), .6, 5, inf, 3e38, inf)).isEqualTo(3);
    assertThat(draw(device, new SampleSpec(4, 1, 0, 1, 0), .4, 5, inf, 3e38, inf)).isEqualTo(1);
    assertThat(draw(device, new SampleSpec(4, 1, 0, 1, 1), .4, 5, 4, 6, 6)).isEqualTo(2);
    assertThat(draw(device, new SampleSpec(4, 1, 9, 1, 0), .999, 0, -200, -300, 0)).isEqualTo(3);
  }

  private long draw(CpuRun device, SampleSpec spec, double uniform, double... logits) {
    return draws(device, spec, logits, uniform)[0];
  }

  private long[] draws(CpuRun device, SampleSpec spec, double[] logits, double... uniform) {
    int rows = uniform.length;
    double[] all = new double[rows * logits.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = logits[i % logits.length];
    }
    Tensor ids = tensors.empty(DType.I32, rows);
    SampleArgs args =
        new SampleArgs(
            tensors.of(DType.F32, all, rows, logits.length),
            spec.random() ? tensors.of(DType.F32, uniform, rows) : null,
            ids);
    assertThat(device.violations(spec, args, Regime.STRUCTURED)).isEmpty();
    return HostTensors.codes(ids);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 63, 257, 2048, 2049, 5003})
  void everyFilterOnRandomLogitsDrawsAcceptableTokens(int vocabulary) {
    for (SampleSpec spec :
        List.of(
            SampleSpec.argmax(vocabulary),
            new SampleSpec(vocabulary, 1, 0, 1, 0),
            new SampleSpec(vocabulary, .3f, 7, 1, 0),
            new SampleSpec(vocabulary, 1.5f, 0, .9f, 0),
            new SampleSpec(vocabulary, 1, 50, .95f, .02f),
            new SampleSpec(vocabulary, .8f, 0, 1, .1f),
            new SampleSpec(vocabulary, 2, 1, 1e-6f, 0))) {
      Tensor ids = tensors.empty(DType.I32, 23);
      Tensor uniform = spec.random() ? tensors.uniform(23) : null;
      SampleArgs args = new SampleArgs(tensors.wide(DType.F32, 3, 23, vocabulary), uniform, ids);
      assertThat(SIMD.violations(spec, args, Regime.RANDOM))
          .as("seed %d, %s", SEED, spec)
          .isEmpty();
      assertThat(CpuRun.reference().violations(spec, args, Regime.RANDOM)).isEmpty();
    }
  }

  /** Coarse logits have many ties at every boundary, most of them between all three filters. */
  @Test
  void tiesAtEveryBoundaryDrawAcceptableTokens() {
    int vocabulary = 600;
    double[] logits = new double[40 * vocabulary];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (i * 7919L % 13) * 0.5;
    }
    for (int topK : new int[] {0, 1, 50, 92, 93, 599, 600, 601}) {
      for (float topP : new float[] {1, .99f, .5f, .25f, 1e-3f}) {
        SampleSpec spec = new SampleSpec(vocabulary, 1, topK, topP, .05f);
        SampleArgs args =
            new SampleArgs(
                tensors.of(DType.F32, logits, 40, vocabulary),
                tensors.uniform(40),
                tensors.empty(DType.I32, 40));
        assertThat(SIMD.violations(spec, args, Regime.STRUCTURED))
            .as("seed %d, %s", SEED, spec)
            .isEmpty();
      }
    }
  }

  @Test
  void stridesAndThreadsDoNotChangeTokens() {
    SampleSpec spec = new SampleSpec(4001, .9f, 100, .9f, 0);
    Tensor logits = tensors.wide(DType.F32, 2, 70, 4001);
    Tensor uniform = tensors.uniform(70);
    Tensor ids = tensors.empty(DType.I32, 70);
    Tensor again = tensors.empty(DType.I32, 70);
    SIMD.launch(spec, new SampleArgs(logits, uniform, ids));
    CpuRun.simd(1).launch(spec, new SampleArgs(tensors.spread(logits), uniform, again));
    assertThat(HostTensors.codes(again)).isEqualTo(HostTensors.codes(ids));
  }

  @Test
  void noRowsAreLegal() {
    SampleSpec spec = new SampleSpec(9, 1, 0, 1, 0);
    SampleArgs args =
        new SampleArgs(
            tensors.empty(DType.F32, 0, 9),
            tensors.empty(DType.F32, 0),
            tensors.empty(DType.I32, 0));
    assertThat(SIMD.violations(spec, args, Regime.RANDOM)).isEmpty();
  }

  @Test
  void theReferenceRefusesEveryOtherToken() {
    double[] logits = {Math.log(4), Math.log(2), 0, 0};
    SampleSpec spec = new SampleSpec(4, 1, 0, .8f, 0);
    assertThat(verdicts(spec, logits, .3)).containsExactly(true, false, false, false, false, false);
    assertThat(verdicts(spec, logits, .6)).containsExactly(false, true, false, false, false, false);
    assertThat(verdicts(SampleSpec.argmax(4), logits, 0))
        .containsExactly(true, false, false, false, false, false);
    // Exactly at the boundary between the first two, either is right.
    assertThat(verdicts(new SampleSpec(4, 1, 0, 1, 0), logits, .5))
        .containsExactly(true, true, false, false, false, false);
    double[] empty = new double[4];
    Arrays.fill(empty, NONE);
    assertThat(verdicts(spec, empty, .3)).containsExactly(false, false, false, false, true, false);
  }

  /** Whether tokens 0, 1, 2, 3, -1 and 4 are accepted. */
  private Boolean[] verdicts(SampleSpec spec, double[] logits, double uniform) {
    long[] tokens = {0, 1, 2, 3, -1, 4};
    Boolean[] verdicts = new Boolean[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      SampleArgs args =
          new SampleArgs(
              tensors.of(DType.F32, logits, 1, logits.length),
              spec.random() ? tensors.of(DType.F32, new double[] {uniform}, 1) : null,
              tensors.integers(DType.I32, new long[] {tokens[i]}, 1));
      OracleRequest request =
          new OracleRequest(
              KernelTraits.PLAIN_F32, Regime.STRUCTURED, Scope.ALL, java.util.Map.of());
      Expected expected = CpuRun.ORACLE.expect(spec, args, request).outputs().get("ids");
      verdicts[i] =
          expected instanceof Expected.Verified verified && verified.violations().isEmpty();
    }
    return verdicts;
  }
}
