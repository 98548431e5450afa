package org.touchstone.conformance.checks;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.touchstone.api.Device;
import org.touchstone.api.Shape;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.Placement;
import org.touchstone.conformance.cases.TestCase;

/**
 * Small, ordinary cases of an operator, on which checks are built.
 *
 * @param op the operator
 * @param candidates smallest first
 */
record OpBase(Op op, List<TestCase> candidates) {
  static OpBase of(CaseCatalog catalog, Op op) {
    return new OpBase(
        op,
        catalog.cases(Level.L1, Set.of(op)).stream()
            .filter(OpBase::ordinary)
            .sorted(Comparator.comparingLong(OpBase::elements))
            .toList());
  }

  private static boolean ordinary(TestCase testCase) {
    return testCase.zeroAnswer().isEmpty()
        && testCase.packing().isEmpty()
        && testCase.variants().placement() == Placement.DENSE
        && testCase.variants().inPlace().isEmpty()
        && shapes(testCase).allMatch(shape -> shape.elements() > 0);
  }

  private static java.util.stream.Stream<Shape> shapes(TestCase testCase) {
    return testCase.spec().signature().slots().stream()
        .filter(testCase::present)
        .map(testCase::shape);
  }

  private static long elements(TestCase testCase) {
    return shapes(testCase).mapToLong(Shape::elements).sum();
  }

  /** Returns this base with some of its cases. */
  OpBase where(Predicate<TestCase> suitable) {
    return new OpBase(op, candidates.stream().filter(suitable).toList());
  }

  /** Returns the smallest case that a device runs. */
  Optional<TestCase> on(Device device) {
    return candidates.stream().filter(c -> device.support(c.spec()).supported()).findFirst();
  }

  /** Returns the largest case of limited size that a device runs. */
  Optional<TestCase> largest(Device device, long elements) {
    return candidates.reversed().stream()
        .filter(c -> elements(c) <= elements && device.support(c.spec()).supported())
        .findFirst();
  }

  Check.Finding missing() {
    return Check.Finding.unsupported(
        "OPERATOR: the device runs none of the " + candidates.size() + " small cases");
  }
}
