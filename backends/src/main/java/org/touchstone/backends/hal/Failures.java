package org.touchstone.backends.hal;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/** Turns whatever backend code throws into a {@link HalException}. */
final class Failures {
  private static final int DEEPEST_CAUSE = 32;

  private Failures() {}

  /**
   * Classifies a failure: a {@link HalException} keeps its code; exceptions of native bindings and
   * linkage errors are native failures; the JDK's own exceptions are defects of the backend.
   *
   * @param doing what failed, for example {@code launch of gemm_fp8_block}
   */
  static HalException of(
      Throwable failure, String doing, @Nullable String operator, @Nullable String device) {
    if (failure instanceof HalException known) {
      return known.at(operator, device);
    }
    return new HalException(
        code(failure), doing + " failed: " + summary(failure), operator, device, null, failure);
  }

  private static ErrorCode code(Throwable failure) {
    if (failure instanceof OutOfMemoryError) {
      return ErrorCode.OUT_OF_MEMORY;
    }
    if (failure instanceof LinkageError) {
      return ErrorCode.NATIVE_FAILURE;
    }
    boolean foreign =
        !failure.getClass().getName().startsWith("java.")
            && !failure.getClass().getName().startsWith("org.touchstone.");
    return foreign ? ErrorCode.NATIVE_FAILURE : ErrorCode.INTERNAL;
  }

  /** Renders a failure and its innermost cause on one line. */
  static String summary(Throwable failure) {
    if (failure instanceof HalException known) {
      // Complete by itself.
      return String.valueOf(known.getMessage());
    }
    Throwable root = failure;
    int depth = 0;
    // Bounded, because causes can form a ring.
    for (; root.getCause() != null && depth < DEEPEST_CAUSE; depth++) {
      root = root.getCause();
    }
    String text = line(failure);
    return depth == 0 ? text : text + ", caused by " + line(root);
  }

  private static String line(Throwable failure) {
    String message = failure.getMessage();
    String name = failure.getClass().getSimpleName();
    return message == null || message.isBlank()
        ? name
        : name + ": " + message.strip().replaceAll("\\s*\\R\\s*", ", ");
  }
}
