package org.touchstone.conformance.cases;

import java.util.Set;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/** Cases of {@code sample}. */
final class SampleCases implements OperatorCases {
  private static final long V = 131;

  /** Temperature, top-k, top-p, min-p. */
  private static final double[][] SETTINGS = {
    {0, 0, 1, 0},
    {1, 0, 1, 0},
    {2.5, 0, 1, 0},
    {1, 7, 1, 0},
    {1, 0, 0.9, 0},
    {1, 0, 1, 0.05},
    {1.5, 50, 0.95, 0.02},
    {1, 1, 1, 0},
    {1, 0, 1e-6, 0},
    {1, 1000, 0.5, 1},
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.SAMPLE);
  }

  @Override
  public void generate(CaseSink sink) {
    for (double[] setting : SETTINGS) {
      for (DataFamily family : DataFamily.values()) {
        // Subnormal logits have equal probabilities in FP32, so top-p may keep any of them.
        if (family != DataFamily.SUBNORMAL || setting[2] == 1) {
          sink.add(of(setting, family, 17, V).level(Level.L1));
        }
      }
      for (long vocabulary : new long[] {2, 7, 32, 33, 257, 2048, 2049, 5003}) {
        sink.add(of(setting, DataFamily.RANDOM, 9, vocabulary));
      }
    }
    // Temperatures below 1 sharpen.
    for (double temperature : new double[] {0.01, 0.3, 0.7}) {
      sink.add(
          of(new double[] {temperature, 40, 0.9, 0}, DataFamily.RANDOM, 17, V).level(Level.L1));
    }
    for (long rows : new long[] {1, 3, 129}) {
      sink.add(of(SETTINGS[0], DataFamily.RANDOM, rows, 61).level(Level.L1));
      sink.add(of(SETTINGS[6], DataFamily.RANDOM, rows, 61).level(Level.L1));
    }
    edges(sink);
    // The vocabulary of DeepSeek-V3.
    sink.add(of(SETTINGS[0], DataFamily.RANDOM, 4, 129_280).level(Level.L1).sampled(256));
    sink.add(of(SETTINGS[6], DataFamily.RANDOM, 4, 129_280).level(Level.L1).sampled(256));
    sink.add(of(SETTINGS[4], DataFamily.RANDOM, 33, 129_280).level(Level.L3).sampled(256));
  }

  private static void edges(CaseSink sink) {
    for (double[] setting : new double[][] {SETTINGS[0], SETTINGS[6]}) {
      sink.add(of(setting, DataFamily.RANDOM, 0, V).level(Level.L1).zeroAnswer("no elements"));
      sink.add(
          of(setting, DataFamily.RANDOM, 5, 1)
              .level(Level.L1)
              .zeroAnswer("token 0 is the only one"));
      sink.add(
          of(setting, DataFamily.STRUCTURED, 6, V)
              .label("logits", "none")
              .equalAnswer("no token can be drawn")
              .level(Level.L1)
              .filler(
                  data -> {
                    uniform(data);
                    data.values("logits", i -> i % 2 == 0 ? Double.NEGATIVE_INFINITY : Double.NaN);
                  }));
      sink.add(
          of(setting, DataFamily.STRUCTURED, 8, V)
              .label("logits", "masked")
              .level(Level.L1)
              .filler(SampleCases::masked));
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        sink.add(of(setting, DataFamily.RANDOM, 17, V).level(Level.L1).placement(placement));
      }
    }
  }

  /** All but a few logits are -Inf or NaN, as grammar-constrained decoding leaves them. */
  private static void masked(InputData data) {
    uniform(data);
    CounterRandom random = data.random("logits");
    data.values(
        "logits",
        i -> {
          boolean open = i % V != 0 && random.below(~i, 16) == 0;
          return open ? random.normal(i) : i % 7 == 0 ? Double.NaN : Double.NEGATIVE_INFINITY;
        });
  }

  private static TestCase.Builder of(
      double[] setting, DataFamily family, long rows, long vocabulary) {
    SampleSpec spec =
        new SampleSpec(
            vocabulary,
            (float) setting[0],
            (long) setting[1],
            (float) setting[2],
            (float) setting[3]);
    return TestCase.of(spec, family)
        .extent("T", rows)
        .label("v", vocabulary)
        .label("temperature", spec.temperature())
        .label("k", spec.topK())
        .label("p", spec.topP())
        .label("min", spec.minP())
        .exactOutputs()
        .batch("T")
        .filler(SampleCases::uniform)
        .resizable(s -> of(setting, family, s[0], s[1]), "t", "v");
  }

  /** Variates below 1; equally likely tokens need many different ones. */
  private static void uniform(InputData data) {
    CounterRandom random = data.random("uniform");
    data.values("uniform", i -> (float) (random.below(i, 1 << 24) * 0x1p-24));
  }
}
