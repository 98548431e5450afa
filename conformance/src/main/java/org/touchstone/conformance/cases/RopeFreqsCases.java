package org.touchstone.conformance.cases;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.RopeScaling;
import org.touchstone.api.op.RopeScaling.Yarn;
import org.touchstone.api.op.RopeScaling.Yarn.Correction;
import org.touchstone.conformance.data.InputData;

/**
 * Cases of {@code rope_freqs}. Its only input is a position, so families are kinds of positions:
 * zeros (whose angles are exact), random ones up to a million, the ends of I32, and runs.
 */
final class RopeFreqsCases implements OperatorCases {
  private static final int MILLION = 1_000_000;
  private static final RopeFreqsSpec DEEPSEEK_V3 = yarn(1e4, 40, 4096, 32, Correction.TRUNCATED, 1);

  @Override
  public Set<Op> ops() {
    return Set.of(Op.ROPE_FREQS);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return Map.of(DataFamily.SUBNORMAL, "positions are integers");
  }

  /** Frequencies of released models. */
  private static Map<String, RopeFreqsSpec> models() {
    Map<String, RopeFreqsSpec> models = new LinkedHashMap<>();
    models.put("llama3", new RopeFreqsSpec(128, 5e5, new RopeScaling.None()));
    models.put("llama3.1", new RopeFreqsSpec(128, 5e5, new RopeScaling.Llama3(8, 1, 4, 8192)));
    models.put("gemma3", new RopeFreqsSpec(256, 1e6, new RopeScaling.Linear(8)));
    models.put("deepseek-v3", DEEPSEEK_V3);
    models.put("deepseek-v4", yarn(160_000, 16, 65_536, 32, Correction.TRUNCATED, 1));
    models.put("kimi-k2", yarn(5e4, 32, 4096, 1, Correction.TRUNCATED, 1));
    models.put("gpt-oss", yarn(150_000, 32, 4096, 32, Correction.EXACT, 0.1 * Math.log(32) + 1));
    return models;
  }

  private static RopeFreqsSpec yarn(
      double base,
      double factor,
      double original,
      double betaFast,
      Correction correction,
      double attentionFactor) {
    return new RopeFreqsSpec(
        64, base, new Yarn(factor, original, betaFast, 1, correction, attentionFactor));
  }

  @Override
  public void generate(CaseSink sink) {
    models()
        .forEach(
            (model, spec) -> {
              for (DataFamily family : DataFamily.values()) {
                boolean exact = family == DataFamily.EXACT_INTEGER;
                if (!inapplicable().containsKey(family) && !(exact && model.equals("gpt-oss"))) {
                  sink.add(of(model, spec, family, 19).level(Level.L1));
                }
              }
              sink.add(of(model, spec, DataFamily.RANDOM, 129));
            });
    for (long dim : new long[] {2, 4, 6, 14, 32, 34, 66, 130}) {
      RopeFreqsSpec spec = new RopeFreqsSpec(dim, 1e4, new RopeScaling.None());
      sink.add(of("r" + dim, spec, DataFamily.RANDOM, 7).level(Level.L1));
      sink.add(of("r" + dim, spec, DataFamily.STRUCTURED, 33));
    }
    RopeFreqsSpec plain = new RopeFreqsSpec(64, 1e4, new RopeScaling.None());
    for (long tokens : new long[] {1, 3, 127, 128, 1025}) {
      sink.add(of("r64", plain, DataFamily.RANDOM, tokens).level(Level.L1));
    }
    sink.add(of("r64", plain, DataFamily.RANDOM, 0).level(Level.L1).zeroAnswer("no elements"));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(of("r64", plain, DataFamily.RANDOM, 21).level(Level.L1).placement(placement));
    }
    sink.add(
        of("deepseek-v3", DEEPSEEK_V3, DataFamily.STRUCTURED, 4096).level(Level.L1).sampled(256));
    sink.add(
        of("deepseek-v3", DEEPSEEK_V3, DataFamily.STRUCTURED, 65_536)
            .level(Level.L3)
            .sampled(1024));
  }

  private static TestCase.Builder of(
      String name, RopeFreqsSpec spec, DataFamily family, long tokens) {
    TestCase.Builder builder =
        TestCase.of(spec, family)
            .label("freqs", name)
            .extent("T", tokens)
            .batch("T")
            .filler(RopeFreqsCases::positions)
            .resizable(s -> of(name, spec, family, s[0]), "t");
    return family == DataFamily.EXACT_INTEGER
        ? builder.equalAnswer("position 0 turns nothing")
        : builder;
  }

  private static void positions(InputData data) {
    String slot = "positions";
    switch (data.family()) {
      case EXACT_INTEGER -> data.constant(slot, 0);
      case SATURATING ->
          data.integers(
              slot, i -> i % 2 == 0 ? Integer.MAX_VALUE - i / 2 : Integer.MIN_VALUE + i / 2);
      case STRUCTURED -> data.integers(slot, i -> 4090 + i);
      case RANDOM, SUBNORMAL -> data.integers(slot, 1, MILLION);
    }
  }
}
