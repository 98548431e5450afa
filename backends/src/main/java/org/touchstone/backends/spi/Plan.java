package org.touchstone.backends.spi;

import java.util.function.Supplier;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.Args;

/**
 * A backend's answer to a spec. The check and the kernel come from one place, so they cannot drift.
 *
 * @param <A> the operator's arguments
 */
public sealed interface Plan<A extends Args> {
  /**
   * The spec runs.
   *
   * @param kernel the kernel's name, variant included
   * @param traits what the kernel declares
   * @param build compiles the kernel; called at most once per prepared operator
   */
  record Runs<A extends Args>(String kernel, KernelTraits traits, Supplier<Kernel<A>> build)
      implements Plan<A> {}

  /**
   * The spec does not run.
   *
   * @param reason why not
   */
  record Refuses<A extends Args>(Reason reason) implements Plan<A> {}

  /** Answers that a kernel is ready without compilation. */
  static <A extends Args> Plan<A> runs(String kernel, KernelTraits traits, Kernel<A> ready) {
    return new Runs<>(kernel, traits, () -> ready);
  }

  /** Answers no. */
  static <A extends Args> Plan<A> refuses(ReasonCode code, String detail) {
    return new Refuses<>(Reason.of(code, detail));
  }
}
