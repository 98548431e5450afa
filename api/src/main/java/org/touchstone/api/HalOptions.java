package org.touchstone.api;

import java.util.Map;
import java.util.TreeMap;

/**
 * Options of one HAL; they take precedence over system properties, environment and file.
 *
 * @param settings configuration keys without the {@code touchstone.} prefix, for example {@code
 *     cpu.threads}
 */
public record HalOptions(Map<String, String> settings) {
  /** No option set. */
  public static final HalOptions DEFAULT = new HalOptions(Map.of());

  /** Copies the settings. */
  public HalOptions {
    settings = java.util.Collections.unmodifiableMap(new TreeMap<>(settings));
  }

  /** Returns these options with one more setting. */
  public HalOptions with(String key, String value) {
    Map<String, String> all = new TreeMap<>(settings);
    all.put(key, value);
    return new HalOptions(all);
  }
}
