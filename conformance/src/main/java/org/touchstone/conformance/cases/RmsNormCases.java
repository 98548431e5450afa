package org.touchstone.conformance.cases;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;

/** Cases of {@code rms_norm}. */
final class RmsNormCases implements OperatorCases {
  private static final DType F32 = DType.F32;
  private static final DType BF16 = DType.BF16;
  private static final DType[][] TYPES = {
    {BF16, BF16, BF16}, {F32, F32, F32}, {BF16, F32, BF16}, {BF16, BF16, F32}, {F32, BF16, BF16}
  };
  private static final long[] LENGTHS = {1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 127, 128, 129, 257};
  private static final DataFamily[] FAMILIES = {
    DataFamily.RANDOM, DataFamily.SUBNORMAL, DataFamily.SATURATING, DataFamily.STRUCTURED
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.RMS_NORM);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return Map.of(DataFamily.EXACT_INTEGER, "a reciprocal root is no integer");
  }

  @Override
  public void generate(CaseSink sink) {
    for (RmsNormVariant variant : RmsNormVariant.values()) {
      for (DType[] types : TYPES) {
        boolean usual = types[0] == types[1] && types[1] == types[2];
        for (DataFamily family : FAMILIES) {
          sink.add(of(variant, types, family, 5, 129).level(usual ? Level.L1 : Level.L2));
        }
      }
      sink.add(of(variant, TYPES[2], DataFamily.RANDOM, 3, 2049).level(Level.L1));
    }
    lengths(sink);
    layouts(sink);
    realModels(sink);
  }

  private static void lengths(CaseSink sink) {
    for (long length : LENGTHS) {
      for (RmsNormVariant variant :
          new RmsNormVariant[] {RmsNormVariant.CAST_THEN_MUL, RmsNormVariant.GATED}) {
        sink.add(of(variant, TYPES[0], DataFamily.RANDOM, 3, length).level(Level.L1));
        sink.add(of(variant, TYPES[1], DataFamily.STRUCTURED, 6, length));
      }
    }
    RmsNormVariant variant = RmsNormVariant.FP32_MUL;
    for (long rows : new long[] {1, 3, 127, 128, 129, 1025}) {
      sink.add(of(variant, TYPES[0], DataFamily.RANDOM, rows, 64).level(Level.L1));
      sink.add(of(variant, TYPES[1], DataFamily.RANDOM, rows, 192));
    }
    sink.add(
        of(variant, TYPES[0], DataFamily.RANDOM, 0, 64).level(Level.L1).zeroAnswer("no elements"));
    sink.add(
        of(variant, TYPES[0], DataFamily.RANDOM, 3, 64)
            .label("x", "zero")
            .level(Level.L1)
            .filler(data -> data.constant("x", 0))
            .zeroAnswer("a row of zeros stays zero"));
    sink.add(
        of(variant, TYPES[1], DataFamily.SATURATING, 3, 64)
            .label("x", "overflowing")
            .level(Level.L1)
            .filler(
                data -> {
                  data.floats("x");
                  data.normal("w", 0, 1);
                })
            .zeroAnswer("the sum of squares leaves FP32, so rows are divided by infinity"));
  }

  private static void layouts(CaseSink sink) {
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      for (RmsNormVariant variant :
          new RmsNormVariant[] {RmsNormVariant.ONE_PLUS_W, RmsNormVariant.GATED}) {
        sink.add(
            of(variant, TYPES[0], DataFamily.RANDOM, 7, 67).level(Level.L1).placement(placement));
        sink.add(of(variant, TYPES[1], DataFamily.RANDOM, 3, 2050).placement(placement));
      }
    }
    for (DType[] types : new DType[][] {TYPES[0], TYPES[1]}) {
      sink.add(
          of(RmsNormVariant.CAST_THEN_MUL, types, DataFamily.RANDOM, 7, 129)
              .level(Level.L1)
              .inPlace("y"));
      sink.add(
          of(RmsNormVariant.NO_WEIGHT, types, DataFamily.RANDOM, 3, 4099)
              .level(Level.L1)
              .inPlace("y"));
    }
  }

  private static void realModels(CaseSink sink) {
    DType[] bf16 = TYPES[0];
    // Hidden states of DeepSeek-V3 and Gemma 3, query heads of Qwen3, output heads of Qwen3-Next.
    sink.add(
        of(RmsNormVariant.FP32_MUL, bf16, DataFamily.RANDOM, 16, 7168)
            .level(Level.L1)
            .sampled(256));
    sink.add(of(RmsNormVariant.ONE_PLUS_W, bf16, DataFamily.RANDOM, 9, 5376).sampled(256));
    sink.add(of(RmsNormVariant.CAST_THEN_MUL, bf16, DataFamily.RANDOM, 4096, 128).sampled(256));
    sink.add(of(RmsNormVariant.GATED, bf16, DataFamily.RANDOM, 2048, 128).sampled(256));
    sink.add(
        of(RmsNormVariant.CAST_THEN_MUL, bf16, DataFamily.RANDOM, 1021, 7168)
            .level(Level.L3)
            .sampled(256));
  }

  static TestCase.Builder of(
      RmsNormVariant variant, DType[] types, DataFamily family, long rows, long hidden) {
    RmsNormSpec spec =
        new RmsNormSpec(
            variant, hidden, hidden % 2 == 0 ? 1e-6f : 1e-5f, types[0], types[1], types[2]);
    return TestCase.of(spec, family)
        .label("variant", variant.name().toLowerCase(Locale.ROOT))
        .extent("T", rows)
        .label("h", hidden)
        .label("in", types[0])
        .label("w", types[1])
        .label("out", types[2])
        .batch("T")
        .filler(data -> NormData.fill(data, hidden))
        .resizable(s -> of(variant, types, family, s[0], s[1]), "t", "h");
  }
}
