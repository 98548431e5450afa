package org.touchstone.backends.opencl;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.opencl.driver.DeviceFacts;
import org.touchstone.backends.opencl.tuned.TunedSizes;

/**
 * Which variant of the kernels a device runs, and with which sizes: those of the row of its family
 * in {@link TuningTable}, then those that were found on this device, then those of the
 * configuration.
 *
 * @param family name of the row
 * @param variant which kernels run
 * @param why how family and variant were found, for people
 * @param sizes every size of the variant
 * @param origin where the sizes come from
 * @param refused why sizes that were found on this device do not count
 */
public record Tuning(
    String family,
    Variant variant,
    String why,
    Map<Size, Integer> sizes,
    Origin origin,
    Optional<Reason> refused) {
  private static final String AUTO = "auto";
  private static final String VARIANT = "variant";

  /** Where sizes come from. */
  public enum Origin {
    /** The table. */
    TABLE("the table"),
    /** A search on this device. */
    TUNED("found on this device"),
    /** The configuration, at least some of them. */
    CONFIGURATION("set by the configuration");

    private final String words;

    Origin(String words) {
      this.words = words;
    }

    /** Says it to people. */
    public String words() {
      return words;
    }
  }

  /** Copies the sizes. */
  public Tuning {
    sizes = Map.copyOf(sizes);
  }

  /** Finds the sizes of a device, or those that the configuration forces. */
  public static Tuning of(DeviceFacts facts, Configuration configuration) {
    String forcedFamily = configuration.setting(OpenClSettings.FAMILY).value().strip();
    TuningTable table = TuningTable.read();
    String family = forcedFamily.equals(AUTO) ? table.familyOf(facts) : table.known(forcedFamily);
    String why =
        "family " + family + (forcedFamily.equals(AUTO) ? " by its name" : " by configuration");
    Map<String, String> set =
        pairs(configuration.setting(OpenClSettings.SIZES).value(), OpenClSettings.SIZES.property());
    TunedSizes.Answer answer = OpenClTuning.answer(facts, configuration);
    Map<String, String> found =
        answer instanceof TunedSizes.Answer.Sizes known ? known.entry().sizes() : Map.of();

    String forced = configuration.setting(OpenClSettings.VARIANT).value().strip();
    Variant variant;
    if (!forced.equals(AUTO)) {
      variant = variant(forced, OpenClSettings.VARIANT.property());
      why += ", variant by configuration";
    } else {
      String fallback = found.getOrDefault(VARIANT, table.variantOf(family));
      variant = variant(set.getOrDefault(VARIANT, fallback), "the variant");
    }
    Map<Size, Integer> sizes = table.sizes(family, variant);
    Origin origin = Origin.TABLE;
    if (variant.suffix().equals(found.get(VARIANT))) {
      put(sizes, found, variant, "the file of tuned sizes");
      origin = Origin.TUNED;
    }
    if (!set.isEmpty()) {
      put(sizes, set, variant, OpenClSettings.SIZES.property());
      origin = Origin.CONFIGURATION;
    }
    Optional<Reason> refused =
        answer instanceof TunedSizes.Answer.Stale stale
            ? Optional.of(stale.reason())
            : Optional.empty();
    return new Tuning(family, variant, why, sizes, origin, refused);
  }

  /** Reads {@code name=value, name=value}. */
  private static Map<String, String> pairs(String text, String where) {
    Map<String, String> pairs = new TreeMap<>();
    for (String pair : text.split(",", -1)) {
      if (pair.isBlank()) {
        continue;
      }
      int equals = pair.indexOf('=');
      if (equals < 0) {
        throw wrong(where + " has '" + pair.strip() + "', expected NAME=VALUE");
      }
      pairs.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
    }
    return pairs;
  }

  private static void put(
      Map<Size, Integer> sizes, Map<String, String> values, Variant variant, String where) {
    values.forEach(
        (key, text) -> {
          if (key.equals(VARIANT)) {
            return;
          }
          Size size =
              Size.of(key)
                  .filter(known -> known.isOf(variant))
                  .orElseThrow(
                      () ->
                          wrong(
                              where
                                  + " has '"
                                  + key
                                  + "', the sizes of the "
                                  + variant.suffix()
                                  + " variant are "
                                  + Size.names(variant)));
          sizes.put(size, legal(size, variant, text, where));
        });
  }

  static int legal(Size size, Variant variant, String text, String where) {
    try {
      int value = Integer.parseInt(text.strip());
      if (size.allows(variant, value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw wrong(where + " has " + size.key() + "=" + text + ", expected a number");
    }
    throw wrong(where + " has " + size.key() + "=" + text + ", expected " + size.rule(variant));
  }

  static Variant variant(String name, String where) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "cpu" -> Variant.CPU;
      case "gpu" -> Variant.GPU;
      default -> throw wrong(where + " is '" + name + "', expected cpu, gpu or auto");
    };
  }

  private static HalException wrong(String message) {
    return new HalException(ErrorCode.CONFIGURATION, message);
  }

  /** Returns variant and sizes by name, as a search chooses them. */
  public Map<String, String> choices() {
    Map<String, String> choices = new TreeMap<>();
    choices.put(VARIANT, variant.suffix());
    sizes.forEach((size, value) -> choices.put(size.key(), Integer.toString(value)));
    return choices;
  }

  /** Returns a size. */
  public int value(Size size) {
    Integer value = sizes.get(size);
    if (value == null) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "the tuning table has no " + size.key() + " for the variant " + variant.suffix());
    }
    return value;
  }

  /** Returns an empty map of sizes. */
  static Map<Size, Integer> none() {
    return new EnumMap<>(Size.class);
  }
}
