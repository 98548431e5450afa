package org.touchstone.conformance.cases;

import java.util.Map;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.E8m0Rounding;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.Op;

/**
 * Cases of {@code cast}: every type into every type, both overflow behaviours, all narrow codes.
 */
final class CastCases implements OperatorCases {
  private static final DType[] TYPES = {
    DType.F32,
    DType.F16,
    DType.BF16,
    DType.E4M3FN,
    DType.E5M2,
    DType.E4M3FNUZ,
    DType.E5M2FNUZ,
    DType.E2M1,
    DType.E8M0
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.CAST);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return Map.of(DataFamily.STRUCTURED, "no element depends on another one");
  }

  @Override
  public void generate(CaseSink sink) {
    for (DType from : TYPES) {
      for (DType to : TYPES) {
        pair(sink, from, to);
      }
    }
    for (DataFamily family :
        new DataFamily[] {DataFamily.EXACT_INTEGER, DataFamily.SUBNORMAL, DataFamily.SATURATING}) {
      for (DType to : TYPES) {
        if (to != DType.E8M0) {
          sink.add(filled(of(DType.F32, to, Saturation.SAT, family, 5, 67), family, to));
          sink.add(filled(of(DType.BF16, to, Saturation.NONSAT, family, 3, 2, 65), family, to));
        }
      }
    }
    CastSpec narrow = spec(DType.F32, DType.BF16, Saturation.NONSAT);
    sink.add(of(narrow, DataFamily.RANDOM, 0, 9).level(Level.L1).zeroAnswer("no elements"));
    sink.add(of(narrow, DataFamily.RANDOM).level(Level.L1));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      for (DType to : new DType[] {DType.BF16, DType.E4M3FN, DType.E2M1}) {
        sink.add(
            of(DType.F32, to, Saturation.SAT, DataFamily.RANDOM, 31, 34)
                .placement(placement)
                .level(Level.L1));
      }
    }
    sink.add(of(narrow, DataFamily.RANDOM, 64, 7168).level(Level.L1));
  }

  /** Subnormal data are those of the target type: the source's own would all become zero. */
  private static TestCase.Builder filled(TestCase.Builder builder, DataFamily family, DType to) {
    if (family == DataFamily.SUBNORMAL) {
      double smallest = to.format().minSubnormal();
      builder.filler(
          data -> data.values("x", i -> 16 * smallest * (data.random("x").unit(i) - 0.5)));
    }
    return builder.level(Level.L1);
  }

  private static void pair(CaseSink sink, DType from, DType to) {
    long codes = from.bits() <= 8 ? 1L << from.bits() : 4096;
    for (Saturation saturation : Saturation.values()) {
      TestCase.Builder all = of(from, to, saturation, DataFamily.RANDOM, codes);
      if (from.bits() <= 8) {
        all.label("data", "codes").filler(data -> data.fill("x", i -> i));
      } else if (to == DType.E8M0) {
        all.filler(
            data -> data.values("x", i -> Math.scalb(1 + (i % 97) / 97.0, (int) (i % 24) - 12)));
      }
      boolean first = saturation == Saturation.NONSAT || from.bits() > 8;
      sink.add(all.level(first ? Level.L0 : Level.L1));
    }
  }

  private static CastSpec spec(DType from, DType to, Saturation saturation) {
    return new CastSpec(from, to, saturation, E8m0Rounding.UP);
  }

  static TestCase.Builder of(
      DType from, DType to, Saturation saturation, DataFamily family, long... shape) {
    return of(spec(from, to, saturation), family, shape);
  }

  private static TestCase.Builder of(CastSpec spec, DataFamily family, long... shape) {
    TestCase.Builder builder =
        TestCase.of(spec, family)
            .shape("X", shape)
            .label("from", spec.from())
            .label("to", spec.to())
            .label("overflow", spec.saturation())
            .resizable(s -> of(spec, family, s), "x");
    boolean nan =
        family == DataFamily.SATURATING
            && spec.saturation() == Saturation.NONSAT
            && spec.to().isFloat()
            && !spec.to().format().hasInfinity();
    return nan ? builder.equalAnswer("what overflows becomes NaN") : builder;
  }
}
