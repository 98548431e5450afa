package org.touchstone.api;

/**
 * Answers whether a device runs a spec. After {@link Yes}, {@link Device#prepare} never answers
 * "unsupported".
 */
public sealed interface Verdict {
  /**
   * The device runs the spec.
   *
   * @param kernel name of the kernel that will run
   * @param traits what the kernel declares about its numerics
   */
  record Yes(String kernel, KernelTraits traits) implements Verdict {}

  /**
   * The device does not run the spec.
   *
   * @param reason why not, and what to do
   */
  record No(Reason reason) implements Verdict {}

  /** Returns whether the device runs the spec. */
  default boolean supported() {
    return this instanceof Yes;
  }
}
