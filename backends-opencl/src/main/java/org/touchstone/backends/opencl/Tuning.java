package org.touchstone.backends.opencl;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.opencl.driver.DeviceFacts;

/**
 * A row of the tuning table: which variant of the kernels a family of devices runs, and with which
 * sizes. The table is the resource {@code tuning.properties}.
 *
 * @param family name of the row
 * @param variant which kernels run
 * @param why how family and variant were found, for people
 * @param values the row's values; what it lacks comes from the row {@code generic}
 */
public record Tuning(String family, Variant variant, String why, Map<String, Integer> values) {
  private static final String RESOURCE = "tuning.properties";
  private static final String GENERIC = "generic";
  private static final String AUTO = "auto";

  /** Copies the values. */
  public Tuning {
    values = Map.copyOf(values);
  }

  /** Finds the row of a device, or the one that the configuration forces. */
  public static Tuning of(DeviceFacts facts, Configuration configuration) {
    Properties table = table();
    List<String> families = List.of(table.getProperty("families").split("\\s*,\\s*", -1));
    String forcedFamily = configuration.setting(OpenClSettings.FAMILY).value().strip();
    String family = forcedFamily.equals(AUTO) ? match(table, families, facts) : forcedFamily;
    if (!families.contains(family)) {
      throw new HalException(
          ErrorCode.CONFIGURATION,
          OpenClSettings.FAMILY.property() + " is '" + family + "', expected one of " + families);
    }
    String forced = configuration.setting(OpenClSettings.VARIANT).value().strip();
    Variant variant =
        variant(forced.equals(AUTO) ? table.getProperty(family + ".variant") : forced);
    String why =
        (forcedFamily.equals(AUTO)
                ? "family " + family + " by its name"
                : "family " + family + " by configuration")
            + (forced.equals(AUTO) ? "" : ", variant by configuration");
    return new Tuning(family, variant, why, values(table, family, variant));
  }

  private static String match(Properties table, List<String> families, DeviceFacts facts) {
    String type = facts.isCpu() ? "cpu" : facts.isGpu() ? "gpu" : "accelerator";
    String text =
        String.join("|", type, facts.platform(), facts.vendor(), facts.name())
            .toLowerCase(Locale.ROOT);
    return families.stream()
        .filter(
            family -> Pattern.compile(table.getProperty(family + ".match")).matcher(text).find())
        .findFirst()
        .orElse(GENERIC);
  }

  private static Variant variant(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "cpu" -> Variant.CPU;
      case "gpu" -> Variant.GPU;
      default ->
          throw new HalException(
              ErrorCode.CONFIGURATION,
              OpenClSettings.VARIANT.property() + " is '" + name + "', expected cpu, gpu or auto");
    };
  }

  /** Collects {@code generic.<variant>.key}, overridden by {@code <family>.<variant>.key}. */
  private static Map<String, Integer> values(Properties table, String family, Variant variant) {
    Map<String, Integer> values = new TreeMap<>();
    for (String row : List.of(GENERIC, family)) {
      String prefix = row + "." + variant.suffix() + ".";
      for (String key : table.stringPropertyNames()) {
        if (key.startsWith(prefix)) {
          values.put(
              key.substring(prefix.length()), Integer.valueOf(table.getProperty(key).strip()));
        }
      }
    }
    return values;
  }

  private static Properties table() {
    Properties table = new Properties();
    try (InputStream stream = Tuning.class.getResourceAsStream(RESOURCE)) {
      if (stream == null) {
        throw new HalException(ErrorCode.INTERNAL, RESOURCE + " is not in the jar");
      }
      Reader reader = new InputStreamReader(stream, StandardCharsets.UTF_8);
      table.load(reader);
    } catch (IOException e) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "cannot read " + RESOURCE + ": " + e,
          null,
          null,
          "repair the jar",
          e);
    }
    return table;
  }

  /**
   * Returns a value of the table.
   *
   * @param key name, for example {@code rows.group}
   */
  public int value(String key) {
    Integer value = values.get(key);
    if (value == null) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "the tuning table has no " + key + " for the variant " + variant.suffix());
    }
    return value;
  }
}
