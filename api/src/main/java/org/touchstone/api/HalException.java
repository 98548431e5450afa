package org.touchstone.api;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reports one failure of the HAL: what happened, where, and what to do next.
 *
 * <p>The message is complete by itself; the accessors serve programs.
 */
public class HalException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final String bare;
  private final @Nullable String operator;
  private final @Nullable String device;
  private final @Nullable String remedy;

  /** Creates a failure that concerns neither an operator nor a device. */
  public HalException(ErrorCode code, String message) {
    this(code, message, null, null, null, null);
  }

  /**
   * Creates a failure.
   *
   * @param operator name of the operator, as in the catalogue, or null
   * @param device URI of the device, or null
   * @param remedy what the caller can do next, or null
   * @param cause the failure underneath, or null
   */
  public HalException(
      ErrorCode code,
      String message,
      @Nullable String operator,
      @Nullable String device,
      @Nullable String remedy,
      @Nullable Throwable cause) {
    super(render(code, message, operator, device, remedy), cause);
    this.code = code;
    this.bare = message;
    this.operator = operator;
    this.device = device;
    this.remedy = remedy;
  }

  private static String render(
      ErrorCode code,
      String message,
      @Nullable String operator,
      @Nullable String device,
      @Nullable String remedy) {
    StringBuilder text = new StringBuilder();
    if (operator != null) {
      text.append(operator).append(": ");
    }
    text.append(message);
    if (device != null) {
      text.append(" (device ").append(device).append(')');
    }
    text.append(" [").append(code).append(']');
    if (remedy != null) {
      text.append("; ").append(remedy);
    }
    return text.toString();
  }

  /**
   * Returns this failure with the place where it happened, as far as it does not name one itself. A
   * layer that knows the operator and the device completes what a layer below could not know.
   *
   * @param where name of the operator, or null
   * @param on URI of the device, or null
   */
  public HalException at(@Nullable String where, @Nullable String on) {
    String newOperator = operator == null ? where : operator;
    String newDevice = device == null ? on : device;
    boolean complete = Objects.equals(newOperator, operator) && Objects.equals(newDevice, device);
    if (complete || getClass() != HalException.class) {
      return this;
    }
    HalException located = new HalException(code, bare, newOperator, newDevice, remedy, getCause());
    located.setStackTrace(getStackTrace());
    return located;
  }

  /** Returns the failure's class. */
  public ErrorCode code() {
    return code;
  }

  /** Returns the operator's name, when one was involved. */
  public Optional<String> operator() {
    return Optional.ofNullable(operator);
  }

  /** Returns the device's URI, when one was involved. */
  public Optional<String> device() {
    return Optional.ofNullable(device);
  }

  /** Returns what to do next, when it is known. */
  public Optional<String> remedy() {
    return Optional.ofNullable(remedy);
  }
}
