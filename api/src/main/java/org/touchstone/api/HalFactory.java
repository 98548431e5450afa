package org.touchstone.api;

/**
 * Service that implements {@link Hal#open}; the module {@code org.touchstone.backends} provides it.
 */
public interface HalFactory {
  /** Opens a HAL. */
  Hal open(HalOptions options);
}
