package org.touchstone.conformance.run;

import java.util.Optional;
import org.touchstone.api.op.OpSpec;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;

/** One row of a run: a case of an operator, or a check that concerns the device as a whole. */
public interface Item {
  /** Returns the complete name, unique in the suite. */
  String name();

  /** Returns the operator's name, or the group again for a check of no operator. */
  String op();

  /** Returns what selects it beside its operator: {@code cases} or the group of a check. */
  String group();

  /** Returns the lowest level that contains it. */
  Level level();

  /** Returns the spec that a device must run; empty for a check. */
  default Optional<OpSpec<?>> spec() {
    return Optional.empty();
  }

  /** Returns how large it is, in elements; 0 for a check. */
  default long cost() {
    return 0;
  }

  /** Returns the case that it runs; empty for a check. */
  default Optional<TestCase> testCase() {
    return Optional.empty();
  }

  /** Returns the same item with another case. */
  default Item like(TestCase other) {
    throw new UnsupportedOperationException(name() + " runs no case");
  }

  /**
   * Runs it on a device. A {@link org.touchstone.api.HalException} that escapes is a failure of the
   * device.
   */
  CaseReport run(Lane lane);

  /** Wraps a case. */
  static Item of(TestCase testCase) {
    return new Item() {
      @Override
      public String name() {
        return testCase.name();
      }

      @Override
      public String op() {
        return testCase.op().opName();
      }

      @Override
      public String group() {
        return "cases";
      }

      @Override
      public Level level() {
        return testCase.level();
      }

      @Override
      public Optional<OpSpec<?>> spec() {
        return Optional.of(testCase.spec());
      }

      @Override
      public long cost() {
        return testCase.spec().signature().slots().stream()
            .filter(testCase::present)
            .mapToLong(slot -> testCase.shape(slot).elements())
            .sum();
      }

      @Override
      public Optional<TestCase> testCase() {
        return Optional.of(testCase);
      }

      @Override
      public Item like(TestCase other) {
        return of(other);
      }

      @Override
      public CaseReport run(Lane lane) {
        return lane.runner().run(testCase, lane.queue());
      }

      @Override
      public String toString() {
        return name();
      }
    };
  }
}
