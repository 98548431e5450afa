package org.touchstone.backends.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The settings that exist, and their values. */
public final class Settings {
  private Settings() {}

  /** Returns every declared setting, sorted by name. */
  public static List<SettingKey> known() {
    Set<SettingKey> keys = new TreeSet<>(Comparator.comparing(SettingKey::name));
    keys.addAll(new SharedSettings().settings());
    ServiceLoader.load(SettingSource.class, SettingSource.class.getClassLoader()).stream()
        .forEach(source -> keys.addAll(declared(source)));
    return List.copyOf(keys);
  }

  private static List<SettingKey> declared(ServiceLoader.Provider<SettingSource> source) {
    try {
      return source.get().settings();
    } catch (ServiceConfigurationError | LinkageError e) {
      // The probe of the jar that it belongs to reports the same defect with its reason.
      return List.of();
    }
  }

  /** Returns every declared setting with its value and origin, sorted by name. */
  public static List<Setting> effective(Configuration configuration) {
    return known().stream().map(configuration::setting).toList();
  }

  /**
   * Returns a line for every setting that somebody made and nothing reads.
   *
   * @param undeclared first parts of names that belong to modules which declare no setting
   */
  public static List<String> unknown(Configuration configuration, Set<String> undeclared) {
    Set<SettingKey> known = new HashSet<>(known());
    Set<String> names = known.stream().map(SettingKey::name).collect(Collectors.toSet());
    Set<String> declaredFirst = names.stream().map(Settings::firstPart).collect(Collectors.toSet());
    List<String> lines = new ArrayList<>();
    for (Setting made : configuration.made(known).values()) {
      String first = firstPart(made.name());
      boolean foreign =
          first.equals("test") || (undeclared.contains(first) && !declaredFirst.contains(first));
      if (!names.contains(made.name()) && !foreign) {
        lines.add(
            "setting "
                + made.name()
                + " ("
                + made.place()
                + ") is not known and has no effect"
                + Nearest.hint(made.name(), names));
      }
    }
    return lines;
  }

  private static String firstPart(String name) {
    return name.split("[.-]", 2)[0];
  }
}
