package org.touchstone.conformance.cases;

import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.api.op.Op;

/** Cases of {@code embedding}. */
final class EmbeddingCases implements OperatorCases {
  private static final DType F32 = DType.F32;
  private static final DType BF16 = DType.BF16;
  private static final DType[][] TYPES = {{BF16, BF16}, {F32, F32}, {F32, BF16}, {BF16, F32}};

  /** Gemma's multiplier for 1152 dimensions, rounded to BF16; exact in the exact family is 4. */
  private static final float GEMMA = 34f;

  @Override
  public Set<Op> ops() {
    return Set.of(Op.EMBEDDING);
  }

  @Override
  public void generate(CaseSink sink) {
    for (DType[] types : TYPES) {
      for (DataFamily family : DataFamily.values()) {
        float scale = family == DataFamily.EXACT_INTEGER ? 4f : GEMMA + 0.3f;
        sink.add(of(types, family, 9, 11, 67, 1).level(Level.L1));
        sink.add(of(types, family, 9, 11, 67, scale).level(Level.L1));
      }
    }
    for (long hidden : new long[] {1, 2, 7, 16, 31, 33, 128, 257, 2049}) {
      sink.add(of(TYPES[0], DataFamily.RANDOM, 5, 13, hidden, 1).level(Level.L1));
      sink.add(of(TYPES[0], DataFamily.RANDOM, 5, 13, hidden, GEMMA));
    }
    for (long tokens : new long[] {1, 127, 129, 1025}) {
      sink.add(of(TYPES[0], DataFamily.RANDOM, tokens, 97, 32, 1).level(Level.L1));
    }
    sink.add(
        of(TYPES[0], DataFamily.RANDOM, 0, 5, 32, 1).level(Level.L1).zeroAnswer("no elements"));
    sink.add(of(TYPES[0], DataFamily.RANDOM, 7, 1, 32, 1).level(Level.L1));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(of(TYPES[0], DataFamily.RANDOM, 7, 13, 67, 1).level(Level.L1).placement(placement));
      sink.add(of(TYPES[2], DataFamily.RANDOM, 7, 13, 67, GEMMA).placement(placement));
    }
    for (DType[] types : TYPES) {
      sink.add(
          of(types, DataFamily.RANDOM, 9, 11, 67, types[0] == types[1] ? 1 : GEMMA)
              .label("ids", "outside")
              .level(Level.L1)
              .filler(
                  data -> {
                    long[] ids = {3, -1, 11, -2, 10, Integer.MAX_VALUE, Integer.MIN_VALUE, 0, -1};
                    data.set("ids", ids);
                  }));
    }
    // The shard of DeepSeek-V3's vocabulary that one of 256 devices holds.
    sink.add(of(TYPES[0], DataFamily.RANDOM, 64, 505, 7168, 1).level(Level.L1).sampled(256));
    sink.add(of(TYPES[0], DataFamily.RANDOM, 4097, 505, 7168, 1).level(Level.L3).sampled(256));
  }

  /** One id in sixteen means none. */
  private static TestCase.Builder of(
      DType[] types, DataFamily family, long tokens, long vocabulary, long hidden, float scale) {
    return TestCase.of(new EmbeddingSpec(vocabulary, hidden, types[0], types[1], scale), family)
        .extent("T", tokens)
        .label("v", vocabulary)
        .label("h", hidden)
        .label("table", types[0])
        .label("out", types[1])
        .label("scale", scale)
        .batch("T")
        .filler(
            data ->
                data.integers(
                    "ids", i -> i % 16 == 13 ? -1 : data.random("ids").below(i, vocabulary)))
        .resizable(s -> of(types, family, s[0], s[1], s[2], scale), "t", "v", "h");
  }
}
