package org.touchstone.tools.cli;

import org.jspecify.annotations.Nullable;

/** Reports that a request makes no sense, in a message that says what would. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    this(message, null);
  }

  UsageException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
