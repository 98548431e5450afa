package org.touchstone.conformance.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.touchstone.api.op.Op;

/** The words that a case's name is made of, in the order in which they were given. */
final class CaseName {
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_.+x-]+");
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  private final Map<String, String> labels = new LinkedHashMap<>();

  /** Returns the words of a complete name; none where it is not a name. */
  static CaseName of(String name) {
    CaseName words = new CaseName();
    String[] parts = name.split("/", -1);
    for (String word : parts.length < 2 ? new String[0] : parts[1].split(",", -1)) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        words.labels.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    return words;
  }

  /** Renders a shape, for example {@code 31x33}. */
  static String text(long... dims) {
    return dims.length == 0
        ? "scalar"
        : Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining("x"));
  }

  /** Returns a symbol as the key of a label, first letter in lower case. */
  static String lower(String symbol) {
    return Character.toLowerCase(symbol.charAt(0)) + symbol.substring(1);
  }

  void add(String key, Object value) {
    String text = value.toString();
    if (!WORD.matcher(key).matches()
        || !WORD.matcher(text).matches()
        || labels.putIfAbsent(key, text) != null) {
      throw new IllegalArgumentException(
          "label " + key + "=" + text + " is not a word or is given twice");
    }
  }

  /** Returns every number within the values of some labels, for example 31 and 33 of 31x33. */
  long[] numbers(List<String> keys) {
    List<Long> numbers = new ArrayList<>();
    for (String key : keys) {
      String value = labels.get(key);
      if (value == null) {
        throw new IllegalArgumentException("no label is named " + key + " in " + labels);
      }
      Matcher matcher = NUMBER.matcher(value);
      while (matcher.find()) {
        numbers.add(Long.parseLong(matcher.group()));
      }
    }
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  /** Returns the complete name. */
  String render(Op op, DataFamily family, Variants variants, boolean packed) {
    String name =
        op.opName()
            + "/"
            + labels.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining(","))
            + "/"
            + family.label();
    List<String> parts = new ArrayList<>();
    if (variants.placement() != Placement.DENSE) {
      parts.add(variants.placement().label());
    }
    variants.inPlace().forEach(slot -> parts.add("inplace=" + slot));
    variants.absent().forEach(slot -> parts.add("without=" + slot));
    if (packed) {
      parts.add("packed");
    }
    return parts.isEmpty() ? name : name + "/" + String.join(",", parts);
  }

  /**
   * Replaces every number of some labels within a complete name by one star, so that names of cases
   * that differ in nothing else become equal.
   */
  static String frame(String name, List<String> keys) {
    int from = name.indexOf('/');
    int to = name.indexOf('/', from + 1);
    if (from < 0 || to < 0) {
      return name;
    }
    List<String> words = new ArrayList<>();
    for (String word : name.substring(from + 1, to).split(",", -1)) {
      int equals = word.indexOf('=');
      boolean size = equals > 0 && keys.contains(word.substring(0, equals));
      words.add(size ? NUMBER.matcher(word.substring(equals)).replaceAll("*") : word);
    }
    return name.substring(0, from + 1) + String.join(",", words) + name.substring(to);
  }
}
