package org.touchstone.conformance.cases;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.RmsNormVariant;

/**
 * Cases of {@code fused_add_rms_norm}. In the exact family the sum is exact, its norm has a bound.
 */
final class FusedAddRmsNormCases implements OperatorCases {
  private static final DType F32 = DType.F32;
  private static final DType BF16 = DType.BF16;
  private static final DType[][] TYPES = {
    {BF16, BF16, BF16}, {F32, F32, F32}, {BF16, F32, F32}, {F32, BF16, BF16}
  };
  private static final List<RmsNormVariant> VARIANTS =
      List.of(
          RmsNormVariant.CAST_THEN_MUL,
          RmsNormVariant.FP32_MUL,
          RmsNormVariant.ONE_PLUS_W,
          RmsNormVariant.NO_WEIGHT);

  @Override
  public Set<Op> ops() {
    return Set.of(Op.FUSED_ADD_RMS_NORM);
  }

  @Override
  public void generate(CaseSink sink) {
    for (RmsNormVariant variant : VARIANTS) {
      for (DType[] types : TYPES) {
        boolean usual = types[0] == types[2];
        for (DataFamily family : DataFamily.values()) {
          sink.add(of(variant, types, family, 5, 67).level(usual ? Level.L1 : Level.L2));
        }
      }
    }
    RmsNormVariant variant = RmsNormVariant.CAST_THEN_MUL;
    for (long length : new long[] {1, 2, 7, 31, 32, 33, 128, 192, 257, 2048, 2049}) {
      sink.add(of(variant, TYPES[0], DataFamily.RANDOM, 3, length).level(Level.L1));
      sink.add(of(variant, TYPES[1], DataFamily.STRUCTURED, 6, length));
    }
    for (long rows : new long[] {1, 127, 129, 1025}) {
      sink.add(of(variant, TYPES[0], DataFamily.RANDOM, rows, 64).level(Level.L1));
    }
    sink.add(
        of(variant, TYPES[0], DataFamily.RANDOM, 0, 64).level(Level.L1).zeroAnswer("no elements"));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(
          of(variant, TYPES[0], DataFamily.RANDOM, 7, 67).level(Level.L1).placement(placement));
      sink.add(of(variant, TYPES[1], DataFamily.RANDOM, 3, 2050).placement(placement));
    }
    for (DType[] types : new DType[][] {TYPES[0], TYPES[1]}) {
      sink.add(
          of(variant, types, DataFamily.RANDOM, 7, 2500)
              .level(Level.L1)
              .inPlace("residualOut")
              .inPlace("y"));
      sink.add(
          of(variant, types, DataFamily.RANDOM, 7, 129).level(Level.L1).inPlace("residualOut"));
    }
    // The residual stream of DeepSeek-V3: 7168 wide.
    sink.add(
        of(RmsNormVariant.FP32_MUL, TYPES[0], DataFamily.RANDOM, 16, 7168)
            .level(Level.L1)
            .sampled(256));
    sink.add(of(variant, TYPES[0], DataFamily.RANDOM, 1021, 4096).level(Level.L3).sampled(256));
  }

  private static TestCase.Builder of(
      RmsNormVariant variant, DType[] types, DataFamily family, long rows, long hidden) {
    FusedAddRmsNormSpec spec =
        new FusedAddRmsNormSpec(variant, hidden, 1e-6f, types[0], types[1], types[2]);
    TestCase.Builder builder =
        TestCase.of(spec, family)
            .label("variant", variant.name().toLowerCase(Locale.ROOT))
            .extent("T", rows)
            .label("h", hidden)
            .label("in", types[0])
            .label("w", types[1])
            .label("out", types[2])
            .batch("T")
            .filler(data -> NormData.fill(data, hidden))
            .resizable(s -> of(variant, types, family, s[0], s[1]), "t", "h");
    return family == DataFamily.EXACT_INTEGER ? builder.exactOutputs("residualOut") : builder;
  }
}
