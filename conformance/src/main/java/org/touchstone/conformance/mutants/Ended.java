package org.touchstone.conformance.mutants;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.touchstone.api.Completion;
import org.touchstone.api.Evidence;
import org.touchstone.api.HalException;
import org.touchstone.api.Receipt;

/** The end of a submission that never was one. */
record Ended() implements Completion {
  /** Submits; takes refusals of a kind for success. */
  static Completion unless(Supplier<Completion> submission, Predicate<HalException> refusals) {
    try {
      return submission.get();
    } catch (HalException e) {
      if (refusals.test(e)) {
        return new Ended();
      }
      throw e;
    }
  }

  @Override
  public void join() {}

  @Override
  public boolean isDone() {
    return true;
  }

  @Override
  public Receipt receipt() {
    return new Receipt(
        "nothing", "", "", "", Evidence.SOFTWARE, 0, Optional.of(Duration.ZERO), List.of());
  }
}
