package org.touchstone.conformance.tune;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.config.SettingKey;

/**
 * Values of parameters that differ from what counts without a search.
 *
 * @param setting takes them
 * @param values by name of the parameter
 */
record Choice(SettingKey setting, Map<String, String> values) {
  Choice {
    values = new TreeMap<>(values);
  }

  Choice with(String name, String value) {
    Choice more = new Choice(setting, values);
    more.values.put(name, value);
    return more;
  }

  /** Returns options that make the choice count. */
  HalOptions options() {
    if (values.isEmpty()) {
      return HalOptions.DEFAULT;
    }
    return HalOptions.DEFAULT.with(
        setting.name(),
        values.entrySet().stream()
            .map(e -> e.getKey() + "=" + e.getValue())
            .collect(Collectors.joining(",")));
  }
}
