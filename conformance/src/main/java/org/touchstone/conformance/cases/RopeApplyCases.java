package org.touchstone.conformance.cases;

import java.util.Locale;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Direction;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/** Cases of {@code rope_apply}. */
final class RopeApplyCases implements OperatorCases {
  /** Head dim, rotated dims, offset. */
  private static final long[][] DIMS = {
    {2, 2, 0}, {4, 2, 1}, {14, 14, 0}, {16, 16, 0}, {18, 18, 0}, {34, 32, 2}, {67, 6, 3}
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.ROPE_APPLY);
  }

  @Override
  public void generate(CaseSink sink) {
    for (DType dtype : new DType[] {DType.BF16, DType.F32}) {
      for (Pairing pairing : Pairing.values()) {
        for (DataFamily family : DataFamily.values()) {
          RopeApplySpec spec = RopeApplySpec.of(dtype, 3, 64, 64, pairing);
          sink.add(of(spec, family, 5).level(Level.L1));
          sink.add(of(inverse(spec), family, 5).level(Level.L1));
        }
        for (long[] d : DIMS) {
          RopeApplySpec spec =
              new RopeApplySpec(dtype, 2, d[0], d[1], d[2], pairing, Direction.FORWARD);
          boolean core = dtype == DType.BF16;
          sink.add(of(spec, DataFamily.RANDOM, 3).level(core ? Level.L1 : Level.L2));
          sink.add(of(inverse(spec), DataFamily.STRUCTURED, 3));
        }
      }
    }
    layouts(sink);
    realModels(sink);
  }

  private static void layouts(CaseSink sink) {
    for (Pairing pairing : Pairing.values()) {
      RopeApplySpec partial =
          new RopeApplySpec(DType.BF16, 3, 70, 34, 20, pairing, Direction.FORWARD);
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        sink.add(of(partial, DataFamily.RANDOM, 7).level(Level.L1).placement(placement));
      }
      sink.add(of(partial, DataFamily.RANDOM, 7).level(Level.L1).inPlace("y"));
      sink.add(of(partial, DataFamily.RANDOM, 0).level(Level.L1).zeroAnswer("no elements"));
      for (long tokens : new long[] {1, 127, 129, 1025}) {
        RopeApplySpec one = RopeApplySpec.of(DType.BF16, 1, 32, 32, pairing);
        sink.add(of(one, DataFamily.RANDOM, tokens).level(Level.L1));
      }
      RopeApplySpec wide = RopeApplySpec.of(DType.F32, 1, 4102, 4100, pairing);
      sink.add(of(wide, DataFamily.RANDOM, 2));
    }
  }

  private static void realModels(CaseSink sink) {
    // Qwen3, DeepSeek-V3's rope part, GLM-4.5's half heads, DeepSeek-V4's last 64 of 512, undone.
    sink.add(
        of(RopeApplySpec.of(DType.BF16, 32, 128, 128, Pairing.NEOX), DataFamily.RANDOM, 64)
            .level(Level.L1)
            .sampled(256));
    sink.add(
        of(RopeApplySpec.of(DType.BF16, 128, 64, 64, Pairing.GPTJ), DataFamily.RANDOM, 64)
            .level(Level.L1)
            .sampled(256));
    sink.add(of(RopeApplySpec.of(DType.BF16, 96, 128, 64, Pairing.NEOX), DataFamily.RANDOM, 33));
    sink.add(
        of(
                new RopeApplySpec(DType.BF16, 128, 512, 64, 448, Pairing.GPTJ, Direction.INVERSE),
                DataFamily.RANDOM,
                17)
            .sampled(256));
    sink.add(
        of(RopeApplySpec.of(DType.BF16, 32, 128, 128, Pairing.NEOX), DataFamily.RANDOM, 1021)
            .level(Level.L3)
            .sampled(64));
  }

  private static RopeApplySpec inverse(RopeApplySpec s) {
    return new RopeApplySpec(
        s.dtype(),
        s.heads(),
        s.headDim(),
        s.rotaryDim(),
        s.offset(),
        s.pairing(),
        Direction.INVERSE);
  }

  static TestCase.Builder of(RopeApplySpec spec, DataFamily family, long tokens) {
    return TestCase.of(spec, family)
        .extent("T", tokens)
        .label("heads", spec.heads())
        .label("d", spec.headDim())
        .label("r", spec.rotaryDim())
        .label("offset", spec.offset())
        .label("pairing", spec.pairing().name().toLowerCase(Locale.ROOT))
        .label("direction", spec.direction().name().toLowerCase(Locale.ROOT))
        .label("dtype", spec.dtype())
        .batch("T")
        .filler(RopeApplyCases::fill)
        .resizable(
            s ->
                of(
                    new RopeApplySpec(
                        spec.dtype(), s[1], s[2], s[3], s[4], spec.pairing(), spec.direction()),
                    family,
                    s[0]),
            "t",
            "heads",
            "d",
            "r",
            "offset");
  }

  /** Cosines and sines belong together; in the exact family they are integers instead. */
  private static void fill(InputData data) {
    if (data.family() != DataFamily.EXACT_INTEGER) {
      CounterRandom random = data.random("angle");
      data.values("cos", i -> Math.cos(angle(random, i)));
      data.values("sin", i -> Math.sin(angle(random, i)));
    }
  }

  private static double angle(CounterRandom random, long i) {
    return 1000 * random.unit(i);
  }
}
