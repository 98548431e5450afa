package org.touchstone.backends.testing;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/** Asserts typed failures. */
public final class Errors {
  private Errors() {}

  /** Asserts that a call fails with a code. */
  public static AbstractThrowableAssert<?, ?> assertFails(ErrorCode code, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HalException.class,
            e -> Assertions.assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }
}
