package org.touchstone.backends.config;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * The value of a setting and where it comes from. The typed accessors throw a {@link HalException}
 * with {@link ErrorCode#CONFIGURATION} that names the place to correct.
 *
 * @param name key without the {@code touchstone.} prefix
 * @param value the text as it was given
 * @param origin the layer that it comes from
 * @param place where exactly, for example {@code -Dtouchstone.probe.timeout} or a file's path
 */
public record Setting(String name, String value, Origin origin, String place) {
  private static final Pattern AMOUNT = Pattern.compile("(\\d+)\\s*([a-z]*)");
  private static final Map<String, Long> MILLISECONDS =
      Map.of("", 1L, "ms", 1L, "s", 1_000L, "m", 60_000L, "min", 60_000L, "h", 3_600_000L);
  private static final Map<String, Long> BYTES =
      Map.of(
          "", 1L, "b", 1L, "k", 1L << 10, "kib", 1L << 10, "m", 1L << 20, "mib", 1L << 20, "g",
          1L << 30, "gib", 1L << 30);

  /** Layers of the configuration, strongest first. */
  public enum Origin {
    /** The program's own options. */
    CODE,
    /** A system property. */
    PROPERTY,
    /** An environment variable. */
    ENVIRONMENT,
    /** The configuration file. */
    FILE,
    /** Nobody set it. */
    DEFAULT
  }

  /** Reads an integer within bounds. */
  public long number(long least, long greatest) {
    String expected = "an integer from " + least + " to " + greatest;
    try {
      long number = Long.parseLong(value.strip());
      if (number >= least && number <= greatest) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(expected, e);
    }
    throw wrong(expected, null);
  }

  /** Reads a duration of at least 1 ms: {@code 250ms}, {@code 10s}, {@code 2m}, {@code 1h}. */
  public Duration duration() {
    long milliseconds =
        amount(MILLISECONDS, "a duration such as 250ms, 10s or 2m; a bare number is milliseconds");
    if (milliseconds < 1) {
      throw wrong("a duration of at least 1ms", null);
    }
    return Duration.ofMillis(milliseconds);
  }

  /** Reads a size in bytes: {@code 4096}, {@code 64k}, {@code 512m}, {@code 2g}. */
  public long bytes() {
    return amount(BYTES, "a size such as 4096, 64k, 512m or 2g");
  }

  private long amount(Map<String, Long> units, String expected) {
    Matcher matcher = AMOUNT.matcher(value.strip().toLowerCase(Locale.ROOT));
    Long unit = matcher.matches() ? units.get(matcher.group(2)) : null;
    if (unit == null) {
      throw wrong(expected, null);
    }
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
    } catch (ArithmeticException | NumberFormatException e) {
      throw wrong(expected, e);
    }
  }

  /** Reads a switch: true, on, yes, 1 or false, off, no, 0. */
  public boolean isOn() {
    return switch (value.strip().toLowerCase(Locale.ROOT)) {
      case "true", "on", "yes", "1" -> true;
      case "false", "off", "no", "0" -> false;
      default -> throw wrong("true or false", null);
    };
  }

  /** Reads names separated by commas. */
  public List<String> list() {
    return Arrays.stream(value.split(",", -1))
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .toList();
  }

  /** Reads the name of a constant, in lower case with '-' for '_'. */
  public <E extends Enum<E>> E choice(Class<E> type) {
    List<String> names = Arrays.stream(type.getEnumConstants()).map(Setting::spelling).toList();
    int index = names.indexOf(value.strip().toLowerCase(Locale.ROOT));
    if (index < 0) {
      throw wrong("one of " + names + Nearest.hint(value.strip(), names), null);
    }
    return type.getEnumConstants()[index];
  }

  private static String spelling(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private HalException wrong(String expected, @Nullable Throwable cause) {
    return new HalException(
        ErrorCode.CONFIGURATION,
        SettingKey.property(name) + " is '" + value + "' (" + place + "), expected " + expected,
        null,
        null,
        "correct or remove the setting",
        cause);
  }
}
