package org.touchstone.backends.opencl.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.Plan;

/** Picks the class that answers for an operator. Thread-safe. */
public final class Operators {
  private final Target target;

  /** Creates the operators of a device. */
  public Operators(Target target) {
    this.target = target;
  }

  /** Says whether and how a spec runs. */
  @SuppressWarnings("unchecked") // each case answers for its own spec's arguments
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return (Plan<A>) planOf(spec);
  }

  private Plan<?> planOf(OpSpec<?> spec) {
    return switch (spec) {
      case AddSpec s -> AddOperator.plan(s, target);
      case CastSpec s -> CastOperator.plan(s, target);
      default ->
          Plan.refuses(ReasonCode.OPERATOR, "there is no OpenCL kernel for " + spec.op().opName());
    };
  }
}
