package org.touchstone.api;

/**
 * Classifies devices for {@link Selection}; the declaration order is the default order of
 * preference.
 */
public enum DeviceKind {
  /** A graphics processor. */
  GPU,
  /** An accelerator that is not a graphics processor. */
  ACCELERATOR,
  /** The host's processor. */
  CPU
}
