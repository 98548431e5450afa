package org.touchstone.backends.cuda.sim.check;

import java.util.Objects;

/** Ends a launch because of a {@link Finding}. */
public final class SimulationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Finding finding;

  /** Wraps the finding. */
  public SimulationException(Finding finding) {
    super(finding.toString());
    this.finding = finding;
  }

  /** Returns what was found. */
  public Finding finding() {
    return Objects.requireNonNull(finding, "finding is lost by serialisation");
  }
}
