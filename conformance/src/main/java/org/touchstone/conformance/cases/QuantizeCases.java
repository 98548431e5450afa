package org.touchstone.conformance.cases;

import java.util.Map;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.api.op.QuantizeFp8GroupSpec;

/** Cases of {@code quantize_fp8_group} and {@code quantize_fp8_block}. */
final class QuantizeCases implements OperatorCases {
  private static final float FLOOR = QuantizeFp8GroupSpec.DEFAULT_AMAX_FLOOR;
  private static final long[] COLUMNS = {1, 127, 128, 129, 192, 576};

  /** How the scale is made and stored. */
  private enum Rule {
    F32(ScaleMode.FP32, DType.F32),
    UE8M0_AS_F32(ScaleMode.UE8M0_CEIL, DType.F32),
    E8M0(ScaleMode.UE8M0_CEIL, DType.E8M0);

    final ScaleMode mode;
    final DType dtype;

    Rule(ScaleMode mode, DType dtype) {
      this.mode = mode;
      this.dtype = dtype;
    }
  }

  @Override
  public Set<Op> ops() {
    return Set.of(Op.QUANTIZE_FP8_GROUP, Op.QUANTIZE_FP8_BLOCK);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return Map.of(
        DataFamily.EXACT_INTEGER, "codes are quotients, which are not integers in general");
  }

  @Override
  public void generate(CaseSink sink) {
    for (Rule rule : Rule.values()) {
      for (DType input : new DType[] {DType.F32, DType.BF16}) {
        for (DataFamily family : DataFamily.values()) {
          if (!inapplicable().containsKey(family)) {
            family(sink, rule, input, family);
          }
        }
      }
      edges(sink, rule);
    }
    QuantizeFp8GroupSpec hidden = QuantizeFp8GroupSpec.of(DType.BF16, 7168);
    sink.add(group(hidden, Rule.F32, DataFamily.RANDOM, 33).level(Level.L1));
    QuantizeFp8BlockSpec expert = QuantizeFp8BlockSpec.of(DType.BF16, 512, 7168);
    sink.add(block(expert, Rule.F32, DataFamily.RANDOM).level(Level.L1));
  }

  private static void family(CaseSink sink, Rule rule, DType input, DataFamily family) {
    for (long columns : COLUMNS) {
      QuantizeFp8GroupSpec spec =
          new QuantizeFp8GroupSpec(input, columns, 128, rule.mode, rule.dtype, FLOOR);
      Level level = columns == 129 || columns == 576 ? Level.L1 : Level.L2;
      TestCase.Builder builder = group(spec, rule, family, 5).batch("M").level(level);
      sink.add(family == DataFamily.SUBNORMAL ? tiny(builder) : builder);
    }
    for (int size : new int[] {32, 64}) {
      QuantizeFp8GroupSpec spec =
          new QuantizeFp8GroupSpec(input, 200, size, rule.mode, rule.dtype, FLOOR);
      TestCase.Builder builder = group(spec, rule, family, 3).batch("M").level(Level.L2);
      sink.add(family == DataFamily.SUBNORMAL ? tiny(builder) : builder);
    }
    QuantizeFp8BlockSpec spec =
        new QuantizeFp8BlockSpec(input, 130, 257, 128, 128, rule.mode, rule.dtype, FLOOR);
    TestCase.Builder builder = block(spec, rule, family).level(Level.L1);
    sink.add(family == DataFamily.SUBNORMAL ? tiny(builder) : builder);
  }

  /** Subnormal inputs vanish under the floor of the amax; numbers around it do not. */
  private static TestCase.Builder tiny(TestCase.Builder builder) {
    return builder.filler(
        data -> {
          String slot = data.has("x") ? "x" : "w";
          data.values(slot, i -> Math.scalb(data.random(slot).unit(i) - 0.5, -6 - (int) (i % 140)));
        });
  }

  private static void edges(CaseSink sink, Rule rule) {
    QuantizeFp8GroupSpec spec =
        new QuantizeFp8GroupSpec(DType.F32, 384, 128, rule.mode, rule.dtype, FLOOR);
    sink.add(group(spec, rule, DataFamily.RANDOM, 0).level(Level.L1).zeroAnswer("no elements"));
    sink.add(
        group(spec, rule, DataFamily.STRUCTURED, 4)
            .label("data", "nonfinite")
            .filler(
                data -> {
                  double[] x = new double[4 * 384];
                  for (int i = 0; i < x.length; i++) {
                    x[i] = (i % 29 - 14) * 0.25;
                  }
                  x[5] = Double.NaN;
                  x[384 + 130] = Double.POSITIVE_INFINITY;
                  x[2 * 384 + 300] = Double.NEGATIVE_INFINITY;
                  data.set("x", x);
                })
            .level(Level.L1));
    sink.add(
        group(spec, rule, DataFamily.STRUCTURED, 2)
            .label("data", "powers")
            .filler(data -> data.values("x", i -> Math.scalb(448.0, (int) (i / 128) - 3)))
            .level(Level.L1));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(group(spec, rule, DataFamily.RANDOM, 7).placement(placement).level(Level.L1));
    }
  }

  private static TestCase.Builder group(
      QuantizeFp8GroupSpec spec, Rule rule, DataFamily family, long rows) {
    return TestCase.of(spec, family)
        .extent("M", rows)
        .label("k", spec.columns())
        .label("group", spec.group())
        .label("in", spec.input())
        .label("scale", rule)
        .resizable(
            s ->
                group(
                    new QuantizeFp8GroupSpec(
                        spec.input(),
                        s[1],
                        spec.group(),
                        spec.scaleMode(),
                        spec.scaleDtype(),
                        spec.amaxFloor()),
                    rule,
                    family,
                    s[0]),
            "m",
            "k");
  }

  private static TestCase.Builder block(QuantizeFp8BlockSpec spec, Rule rule, DataFamily family) {
    return TestCase.of(spec, family)
        .label("n", spec.rows())
        .label("k", spec.columns())
        .label("in", spec.input())
        .label("scale", rule)
        .resizable(
            s ->
                block(
                    new QuantizeFp8BlockSpec(
                        spec.input(),
                        s[0],
                        s[1],
                        spec.blockRows(),
                        spec.blockColumns(),
                        spec.scaleMode(),
                        spec.scaleDtype(),
                        spec.amaxFloor()),
                    rule,
                    family),
            "n",
            "k");
  }
}
