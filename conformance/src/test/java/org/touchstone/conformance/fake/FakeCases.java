package org.touchstone.conformance.fake;

import java.util.Set;
import java.util.function.UnaryOperator;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.CaseSink;
import org.touchstone.conformance.cases.DataFamily;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.OperatorCases;
import org.touchstone.conformance.cases.Placement;
import org.touchstone.conformance.cases.TestCase;

/** A few cases of {@code add}. */
public final class FakeCases implements OperatorCases {
  private final UnaryOperator<TestCase.Builder> change;

  /** Creates the cases. */
  public FakeCases() {
    this(UnaryOperator.identity());
  }

  /** Creates the cases with a change to each. */
  public FakeCases(UnaryOperator<TestCase.Builder> change) {
    this.change = change;
  }

  @Override
  public Set<Op> ops() {
    return Set.of(Op.ADD);
  }

  @Override
  public void generate(CaseSink sink) {
    for (DataFamily family : DataFamily.values()) {
      sink.add(change.apply(of(DType.BF16, family, 31, 33).level(Level.L1)));
    }
    sink.add(change.apply(of(DType.F32, DataFamily.RANDOM, 5, 7).level(Level.L1)));
    sink.add(
        change.apply(
            of(DType.F32, DataFamily.RANDOM, 5, 7).level(Level.L1).placement(Placement.GAPS)));
    sink.add(
        change.apply(
            of(DType.BF16, DataFamily.RANDOM, 5, 7).level(Level.L1).placement(Placement.OFFSET)));
    sink.add(change.apply(of(DType.F32, DataFamily.RANDOM, 5, 9).level(Level.L1).inPlace("y")));
    // Outputs of whole pages end where nothing but a guard is.
    sink.add(change.apply(of(DType.BF16, DataFamily.RANDOM, 32, 64).level(Level.L1)));
    sink.add(change.apply(of(DType.F32, DataFamily.RANDOM, 900).level(Level.L1).sampled(64)));
    sink.add(change.apply(of(DType.F32, DataFamily.RANDOM, 11, 13).level(Level.L2)));
  }

  private static TestCase.Builder of(DType type, DataFamily family, long... shape) {
    return TestCase.of(AddSpec.of(type), family)
        .label("type", type)
        .shape("X", shape)
        .resizable(sizes -> of(type, family, sizes), "x");
  }
}
