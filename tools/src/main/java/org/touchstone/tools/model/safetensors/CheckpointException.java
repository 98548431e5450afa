package org.touchstone.tools.model.safetensors;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reports that a checkpoint cannot be used: which file, which tensor or setting, what was expected,
 * what is there, and what to do.
 */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final @Nullable String subject;

  /**
   * Creates the failure.
   *
   * @param file the file that is wrong
   * @param subject the tensor or the setting in it, for example {@code tensor 'lm_head.weight'};
   *     null when the file as a whole is wrong
   * @param expected what a usable checkpoint has there
   * @param actual what this one has
   * @param remedy what to do next
   */
  public CheckpointException(
      Path file, @Nullable String subject, String expected, String actual, String remedy) {
    this(file, subject, expected, actual, remedy, null);
  }

  /** Creates the failure with the exception underneath. */
  public CheckpointException(
      Path file,
      @Nullable String subject,
      String expected,
      String actual,
      String remedy,
      @Nullable Throwable cause) {
    super(
        file
            + ": "
            + (subject == null ? "" : subject + ": ")
            + "expected "
            + expected
            + ", got "
            + actual
            + "; "
            + remedy,
        cause);
    this.file = file.toString();
    this.subject = subject;
  }

  /** Returns the file that is wrong. */
  public Path file() {
    return Path.of(file);
  }

  /** Returns the tensor or the setting that is wrong. */
  public Optional<String> subject() {
    return Optional.ofNullable(subject);
  }
}
