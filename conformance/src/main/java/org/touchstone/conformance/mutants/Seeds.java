package org.touchstone.conformance.mutants;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.touchstone.api.op.Op;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.backends.spi.Mutant.CaughtBy;

/** Collects defects. */
final class Seeds {
  private static final String ANY_BACKEND = "*";

  private final List<Mutant> mutants = new ArrayList<>();

  /** Adds a defect of launches. */
  void add(String name, Set<Op> ops, CaughtBy caughtBy, String what, Defect defect) {
    device(name, ops, caughtBy, what, device -> new SpoiledDevice(device, ops, defect));
  }

  /** Adds a defect of values of one operator. */
  void value(String name, Op op, String what, Defect defect) {
    add(name, Set.of(op), CaughtBy.VALUE, what, defect);
  }

  /** Adds a defect of a whole device. */
  void device(
      String name, Set<Op> ops, CaughtBy caughtBy, String what, UnaryOperator<BackendDevice> seed) {
    device(name, ops, ANY_BACKEND, caughtBy, what, seed);
  }

  /** Adds a defect of a whole device that one backend's devices can have. */
  void device(
      String name,
      Set<Op> ops,
      String backend,
      CaughtBy caughtBy,
      String what,
      UnaryOperator<BackendDevice> seed) {
    if (mutants.stream().anyMatch(m -> m.name().equals(name))) {
      throw new IllegalStateException("two defects are named " + name);
    }
    mutants.add(new Mutant(name, ops, backend, caughtBy, what, seed));
  }

  List<Mutant> mutants() {
    return List.copyOf(mutants);
  }
}
