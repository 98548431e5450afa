package org.touchstone.backends.config;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.touchstone.backends.config.Setting.Origin;

/**
 * Looks up settings: code, then {@code -Dtouchstone.x.y}, then {@code TOUCHSTONE_X_Y}, then the
 * configuration file, then the default. The only place that reads system properties and the
 * environment. Thread-safe; a value is read each time it is asked for, the file once.
 */
public final class Configuration {
  private static final String PREFIX = "touchstone.";
  private static final String VARIABLE_PREFIX = "TOUCHSTONE_";

  private final Map<String, String> code;
  private final Map<String, String> environment;
  private final ConfigurationFile file;

  private Configuration(Map<String, String> code, Map<String, String> environment) {
    this.code = Map.copyOf(code);
    this.environment = environment;
    this.file = new ConfigurationFile(this::fileLocation);
  }

  /** Creates a configuration whose first layer is the given settings, keys without prefix. */
  public static Configuration of(Map<String, String> settings) {
    return new Configuration(settings, System.getenv());
  }

  /** Creates a configuration with another environment than the process's. */
  static Configuration of(Map<String, String> settings, Map<String, String> environment) {
    return new Configuration(settings, Map.copyOf(environment));
  }

  /** Returns a setting that somebody made; its default does not count. */
  public Optional<Setting> setting(String name) {
    return aboveFile(name).or(() -> file.setting(name));
  }

  private Optional<Setting> aboveFile(String name) {
    String value = code.get(name);
    if (value != null) {
      return Optional.of(new Setting(name, value, Origin.CODE, "set by the program"));
    }
    value = System.getProperty(SettingKey.property(name));
    if (value != null) {
      return Optional.of(
          new Setting(name, value, Origin.PROPERTY, "-D" + SettingKey.property(name)));
    }
    value = environment.get(SettingKey.variable(name));
    return value == null
        ? Optional.empty()
        : Optional.of(new Setting(name, value, Origin.ENVIRONMENT, SettingKey.variable(name)));
  }

  /** Returns a setting, or its default. */
  public Setting setting(SettingKey key) {
    return setting(key.name())
        .orElseGet(() -> new Setting(key.name(), key.defaultText(), Origin.DEFAULT, "default"));
  }

  /** Returns the text of a setting that somebody made. */
  public Optional<String> text(String name) {
    return setting(name).map(Setting::value);
  }

  /** Returns an integer setting within bounds, or the default. */
  public long number(String name, long defaultValue, long least, long greatest) {
    return setting(name).map(setting -> setting.number(least, greatest)).orElse(defaultValue);
  }

  /** Returns a variable of the process's environment that is the system's, not a setting. */
  public Optional<String> systemVariable(String name) {
    return Optional.ofNullable(environment.get(name));
  }

  /** Returns the folder for everything that is kept between runs; it need not exist. */
  public Path cacheFolder() {
    String chosen = setting(SharedSettings.CACHE_DIR).value();
    return chosen.isBlank() ? userFolder("XDG_CACHE_HOME", ".cache") : Path.of(chosen);
  }

  /** Returns where the configuration file is looked for; it need not exist. */
  public Path configurationFile() {
    return fileLocation().path();
  }

  private ConfigurationFile.Location fileLocation() {
    // The file cannot say where it is.
    Optional<String> chosen =
        aboveFile(SharedSettings.CONFIG.name()).map(Setting::value).filter(text -> !text.isBlank());
    return chosen
        .map(text -> new ConfigurationFile.Location(Path.of(text), Presence.REQUIRED))
        .orElseGet(
            () ->
                new ConfigurationFile.Location(
                    userFolder("XDG_CONFIG_HOME", ".config").resolve("touchstone.properties"),
                    Presence.OPTIONAL));
  }

  /** Whether a file must exist. */
  enum Presence {
    REQUIRED,
    OPTIONAL
  }

  private Path userFolder(String variable, String underHome) {
    String base = environment.getOrDefault(variable, "");
    // The XDG base directory specification says to ignore relative paths.
    Path parent =
        base.startsWith("/") ? Path.of(base) : Path.of(System.getProperty("user.home"), underHome);
    return parent.resolve("touchstone");
  }

  /** Returns every setting that somebody made, known or not, by name. */
  Map<String, Setting> made(Set<SettingKey> known) {
    Set<String> names = new TreeSet<>(code.keySet());
    System.getProperties().stringPropertyNames().stream()
        .filter(property -> property.startsWith(PREFIX))
        .forEach(property -> names.add(property.substring(PREFIX.length())));
    names.addAll(file.names());
    Map<String, Setting> made = new TreeMap<>();
    names.forEach(name -> setting(name).ifPresent(setting -> made.put(name, setting)));
    Map<String, String> byVariable = new TreeMap<>();
    known.forEach(key -> byVariable.put(key.variable(), key.name()));
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      if (variable.getKey().startsWith(VARIABLE_PREFIX)) {
        String spelt =
            variable
                .getKey()
                .substring(VARIABLE_PREFIX.length())
                .toLowerCase(Locale.ROOT)
                .replace('_', '.');
        String name = byVariable.getOrDefault(variable.getKey(), spelt);
        made.computeIfAbsent(
            name, n -> new Setting(n, variable.getValue(), Origin.ENVIRONMENT, variable.getKey()));
      }
    }
    return made;
  }
}
