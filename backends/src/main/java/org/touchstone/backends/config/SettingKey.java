package org.touchstone.backends.config;

import java.util.Locale;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * A setting that exists.
 *
 * @param name key without the {@code touchstone.} prefix, for example {@code probe.timeout}
 * @param defaultText value when nobody sets it; empty for none
 * @param description one clause for people, with the unit and the legal values
 */
public record SettingKey(String name, String defaultText, String description) {
  /** Checks that the name can be a system property and an environment variable. */
  public SettingKey {
    if (!name.matches("[a-z][a-z0-9]*([.-][a-z0-9]+)*") || description.isBlank()) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "setting '" + name + "' needs a lower-case dotted name and a description");
    }
  }

  /** Returns the system property, for example {@code touchstone.probe.timeout}. */
  public String property() {
    return property(name);
  }

  /** Returns the environment variable, for example {@code TOUCHSTONE_PROBE_TIMEOUT}. */
  public String variable() {
    return variable(name);
  }

  static String property(String name) {
    return "touchstone." + name;
  }

  static String variable(String name) {
    return property(name).toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }
}
