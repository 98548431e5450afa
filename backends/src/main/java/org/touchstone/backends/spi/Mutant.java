package org.touchstone.backends.spi;

import java.util.Set;
import java.util.function.UnaryOperator;
import org.touchstone.api.Device;
import org.touchstone.api.op.Op;

/**
 * A seeded defect: turns a correct device into a wrong one.
 *
 * @param name unique, for example {@code gemm-drop-last-k}
 * @param ops operators that it breaks
 * @param backend name of the backend, or URI of the device, that it applies to; {@code *} for all
 * @param caughtBy the check that must catch it
 * @param description what is wrong, in one clause
 * @param seed wraps the backend's device
 * @param front wraps the device that programs see, for defects of what stands before the backends
 */
public record Mutant(
    String name,
    Set<Op> ops,
    String backend,
    CaughtBy caughtBy,
    String description,
    UnaryOperator<BackendDevice> seed,
    UnaryOperator<Device> front) {
  /** The check that must catch a defect. */
  public enum CaughtBy {
    /** A result outside its interval. */
    VALUE,
    /** A write outside its tensor, or to an input. */
    BOUNDS,
    /** A race that a checker reports. */
    RACE,
    /** A read of memory that was never written. */
    INITIALISATION,
    /** Two runs, or two batches, that differ. */
    DETERMINISM,
    /** Memory that is not given back. */
    LEAK,
    /** An order of submissions that is not kept. */
    ORDER,
    /** A declaration that is not true. */
    CLAIM,
    /** Wrong arguments that are accepted, or refused with another code. */
    ARGUMENTS,
    /** A packed weight that does not unpack to its bits; for devices that pack weights. */
    PACKING,
    /** Handles, closed or of another device, that are accepted, or refused with another code. */
    HANDLES
  }

  /** Copies the set. */
  public Mutant {
    ops = Set.copyOf(ops);
  }

  /** Creates a defect of a backend's device. */
  public Mutant(
      String name,
      Set<Op> ops,
      String backend,
      CaughtBy caughtBy,
      String description,
      UnaryOperator<BackendDevice> seed) {
    this(name, ops, backend, caughtBy, description, seed, UnaryOperator.identity());
  }
}
