package org.touchstone.backends.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration.Presence;
import org.touchstone.backends.config.Setting.Origin;

/** The layer of a properties file in UTF-8; read once, when first needed. Thread-safe. */
final class ConfigurationFile {
  /**
   * Where the file is.
   *
   * @param path its path
   * @param presence whether its absence is an error
   */
  record Location(Path path, Presence presence) {}

  private static final String PREFIX = "touchstone.";

  private final Supplier<Location> location;
  private @Nullable Map<String, Setting> settings;

  ConfigurationFile(Supplier<Location> location) {
    this.location = location;
  }

  Optional<Setting> setting(String name) {
    return Optional.ofNullable(settings().get(name));
  }

  Set<String> names() {
    return settings().keySet();
  }

  private synchronized Map<String, Setting> settings() {
    if (settings == null) {
      settings = read(location.get());
    }
    return settings;
  }

  private static Map<String, Setting> read(Location location) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(location.path())) {
      properties.load(reader);
    } catch (NoSuchFileException e) {
      if (location.presence() == Presence.REQUIRED) {
        throw unreadable(location.path(), "does not exist", e);
      }
      return Map.of();
    } catch (IOException | IllegalArgumentException e) {
      throw unreadable(location.path(), "cannot be read: " + e.getMessage(), e);
    }
    Map<String, Setting> settings = new TreeMap<>();
    for (String written : properties.stringPropertyNames()) {
      String name = written.startsWith(PREFIX) ? written.substring(PREFIX.length()) : written;
      settings.put(
          name,
          new Setting(
              name, properties.getProperty(written), Origin.FILE, location.path().toString()));
    }
    return settings;
  }

  private static HalException unreadable(Path path, String what, Exception cause) {
    return new HalException(
        ErrorCode.CONFIGURATION,
        "configuration file " + path + " " + what,
        null,
        null,
        "correct touchstone.config or the file",
        cause);
  }
}
