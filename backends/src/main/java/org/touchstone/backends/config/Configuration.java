package org.touchstone.backends.config;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * Looks up settings: code, then {@code -Dtouchstone.x.y}, then {@code TOUCHSTONE_X_Y}, then
 * default. The only place that reads system properties and the environment. Immutable; a value is
 * read each time it is asked for.
 */
public final class Configuration {
  private static final String PREFIX = "touchstone.";

  private final Map<String, String> code;

  private Configuration(Map<String, String> code) {
    this.code = Map.copyOf(code);
  }

  /** Creates a configuration whose first layer is the given settings, keys without prefix. */
  public static Configuration of(Map<String, String> settings) {
    return new Configuration(settings);
  }

  /** Returns a setting. */
  public Optional<String> text(String key) {
    if (code.containsKey(key)) {
      return Optional.of(code.get(key));
    }
    String property = System.getProperty(PREFIX + key);
    if (property != null) {
      return Optional.of(property);
    }
    return Optional.ofNullable(
        System.getenv((PREFIX + key).toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_')));
  }

  /** Returns an integer setting within bounds, or the default. */
  public long number(String key, long defaultValue, long least, long greatest) {
    Optional<String> text = text(key);
    if (text.isEmpty()) {
      return defaultValue;
    }
    try {
      long value = Long.parseLong(text.get().strip());
      if (value >= least && value <= greatest) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw wrong(key, text.get(), "an integer from " + least + " to " + greatest, e);
    }
    throw wrong(key, text.get(), "an integer from " + least + " to " + greatest, null);
  }

  private static HalException wrong(
      String key,
      String value,
      String expected,
      @org.jspecify.annotations.Nullable Throwable cause) {
    return new HalException(
        ErrorCode.CONFIGURATION,
        PREFIX + key + " is '" + value + "', expected " + expected,
        null,
        null,
        "correct or remove the setting",
        cause);
  }
}
