package org.touchstone.conformance.cases;

import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Op;

/**
 * Cases of {@code add}.
 *
 * <p>Also the example of a generator: shapes are few and ugly, each type and flag meets each shape
 * class once, the name says everything that differs, and inputs without a filler are filled by
 * family.
 */
final class AddCases implements OperatorCases {
  private static final long[][] UGLY = {{1}, {7}, {31, 33}, {3, 5, 17}, {64, 127}};

  @Override
  public Set<Op> ops() {
    return Set.of(Op.ADD);
  }

  @Override
  public void generate(CaseSink sink) {
    AddSpec bf16 = AddSpec.of(DType.BF16);
    AddSpec f32 = AddSpec.of(DType.F32);
    AddSpec mixed = new AddSpec(DType.BF16, DType.F32, DType.BF16);
    for (DataFamily family : DataFamily.values()) {
      sink.add(of(bf16, family, 31, 33).level(Level.L1));
      sink.add(of(f32, family, 31, 33).level(Level.L1));
      sink.add(of(mixed, family, 3, 5, 17).level(Level.L1));
      for (long[] shape : UGLY) {
        sink.add(of(new AddSpec(DType.F32, DType.BF16, DType.F32), family, shape));
        sink.add(of(new AddSpec(DType.BF16, DType.BF16, DType.F32), family, shape));
      }
    }
    sink.add(of(bf16, DataFamily.RANDOM, 0, 33).level(Level.L1).zeroAnswer("no elements"));
    sink.add(of(bf16, DataFamily.RANDOM).level(Level.L1));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(of(bf16, DataFamily.RANDOM, 31, 33).level(Level.L1).placement(placement));
      sink.add(of(mixed, DataFamily.RANDOM, 31, 33).placement(placement));
    }
    sink.add(of(f32, DataFamily.RANDOM, 31, 33).level(Level.L1).inPlace("y"));
    // The residual stream of DeepSeek-V3: 7168 wide.
    sink.add(of(bf16, DataFamily.RANDOM, 64, 7168).level(Level.L1).sampled(256));
    sink.add(of(f32, DataFamily.RANDOM, 511, 7168).level(Level.L3).sampled(256));
  }

  static TestCase.Builder of(AddSpec spec, DataFamily family, long... shape) {
    return TestCase.of(spec, family)
        .shape("X", shape)
        .label("a", spec.left())
        .label("b", spec.right())
        .label("out", spec.output())
        .resizable(s -> of(spec, family, s), "x");
  }
}
