package org.touchstone.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Asserts typed failures. */
public final class Failing {
  private Failing() {}

  /** Asserts that a call fails with a code. */
  public static AbstractThrowableAssert<?, ?> assertFails(ErrorCode code, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HalException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }
}
