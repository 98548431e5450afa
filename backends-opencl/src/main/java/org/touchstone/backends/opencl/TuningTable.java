package org.touchstone.backends.opencl;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.opencl.driver.DeviceFacts;

/** The resource {@code tuning.properties}: one row per family of devices. */
final class TuningTable {
  private static final String RESOURCE = "tuning.properties";
  private static final String GENERIC = "generic";

  private final Properties table;
  private final List<String> families;

  private TuningTable(Properties table) {
    this.table = table;
    families = List.of(table.getProperty("families").split("\\s*,\\s*", -1));
  }

  static TuningTable read() {
    Properties table = new Properties();
    try (InputStream stream = TuningTable.class.getResourceAsStream(RESOURCE)) {
      if (stream == null) {
        throw new HalException(ErrorCode.INTERNAL, RESOURCE + " is not in the jar");
      }
      table.load(new InputStreamReader(stream, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "cannot read " + RESOURCE + ": " + e,
          null,
          null,
          "repair the jar",
          e);
    }
    return new TuningTable(table);
  }

  /** Returns the first row whose pattern is found in the device's names. */
  String familyOf(DeviceFacts facts) {
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

  /** Returns a family that the configuration names, if there is such a row. */
  String known(String family) {
    if (!families.contains(family)) {
      throw new HalException(
          ErrorCode.CONFIGURATION,
          OpenClSettings.FAMILY.property() + " is '" + family + "', expected one of " + families);
    }
    return family;
  }

  /** Returns the name of a family's variant. */
  String variantOf(String family) {
    return table.getProperty(family + ".variant");
  }

  /** Collects {@code generic.<variant>.key}, overridden by {@code <family>.<variant>.key}. */
  Map<Size, Integer> sizes(String family, Variant variant) {
    Map<Size, Integer> sizes = Tuning.none();
    for (String row : List.of(GENERIC, family)) {
      for (Size size : Size.values()) {
        String key = row + "." + variant.suffix() + "." + size.key();
        String text = table.getProperty(key);
        if (text != null) {
          sizes.put(size, Tuning.legal(size, variant, text, RESOURCE));
        }
      }
    }
    return sizes;
  }
}
