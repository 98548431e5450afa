package org.touchstone.conformance.mutants;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
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
    add(new Mutant(name, ops, backend, caughtBy, what, seed));
  }

  /** Adds a defect of the HAL in front of every device. */
  void front(
      String name, Set<Op> ops, CaughtBy caughtBy, String what, Supplier<? extends Front> front) {
    front(name, ops, caughtBy, what, UnaryOperator.identity(), front);
  }

  /**
   * Adds a defect of the HAL that shows on devices that take a liberty.
   *
   * @param seed makes the device take it
   */
  void front(
      String name,
      Set<Op> ops,
      CaughtBy caughtBy,
      String what,
      UnaryOperator<BackendDevice> seed,
      Supplier<? extends Front> front) {
    add(
        new Mutant(
            name,
            ops,
            ANY_BACKEND,
            caughtBy,
            what,
            seed,
            device -> new FrontDevice(device, front.get())));
  }

  private void add(Mutant mutant) {
    if (mutants.stream().anyMatch(m -> m.name().equals(mutant.name()))) {
      throw new IllegalStateException("two defects are named " + mutant.name());
    }
    mutants.add(mutant);
  }

  List<Mutant> mutants() {
    return List.copyOf(mutants);
  }
}
