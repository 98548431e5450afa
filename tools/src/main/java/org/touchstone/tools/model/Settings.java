package org.touchstone.tools.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.touchstone.tools.model.safetensors.CheckpointException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Typed access to one object of {@code config.json}; null counts as absent. */
final class Settings {
  private static final String CORRECT = "correct config.json";

  private final Path file;
  private final String prefix;
  private final JsonNode node;

  Settings(Path file, String prefix, JsonNode node) {
    this.file = file;
    this.prefix = prefix;
    this.node = node;
  }

  CheckpointException wrong(String name, String expected, String actual, String remedy) {
    return new CheckpointException(file, prefix + name, expected, actual, remedy);
  }

  boolean absent(String name) {
    return node.path(name).isMissingNode() || node.path(name).isNull();
  }

  Settings child(String name) {
    if (!node.path(name).isObject()) {
      throw wrong(name, "an object", describe(name), CORRECT);
    }
    return new Settings(file, prefix + name + ".", node.path(name));
  }

  /** Returns an object without any setting, which stands for an absent one. */
  Settings none(String name) {
    return new Settings(file, prefix + name + ".", JsonNodeFactory.instance.objectNode());
  }

  private String describe(String name) {
    return absent(name) ? "none" : node.path(name).toString();
  }

  String text(String name, String fallback) {
    if (absent(name)) {
      return fallback;
    }
    if (!node.path(name).isString()) {
      throw wrong(name, "a string", describe(name), CORRECT);
    }
    return node.path(name).asString();
  }

  boolean flag(String name, boolean fallback) {
    if (absent(name)) {
      return fallback;
    }
    if (!node.path(name).isBoolean()) {
      throw wrong(name, "true or false", describe(name), CORRECT);
    }
    return node.path(name).asBoolean();
  }

  double decimal(String name, double fallback) {
    if (absent(name)) {
      return fallback;
    }
    if (!node.path(name).isNumber() || !Double.isFinite(node.path(name).asDouble())) {
      throw wrong(name, "a finite number", describe(name), CORRECT);
    }
    return node.path(name).asDouble();
  }

  float number(String name, float fallback) {
    return (float) decimal(name, fallback);
  }

  /** Returns the scaling factor of rotary frequencies. */
  double factor() {
    double factor = decimal("factor", 0);
    if (!(factor >= 1)) {
      throw wrong("factor", "a number >= 1", describe("factor"), CORRECT);
    }
    return factor;
  }

  private long integer(String name, long fallback, long least, String expected) {
    if (absent(name) && fallback >= least) {
      return fallback;
    }
    JsonNode value = node.path(name);
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.asLong() < least
        || value.asLong() > Integer.MAX_VALUE) {
      throw wrong(name, expected, describe(name), CORRECT);
    }
    return value.asLong();
  }

  long positive(String name) {
    return positive(name, 0);
  }

  long positive(String name, long fallback) {
    return integer(name, fallback, 1, "an integer from 1 to 2^31-1");
  }

  long notNegative(String name, long fallback) {
    return integer(name, fallback, 0, "an integer from 0 to 2^31-1");
  }

  long even(String name) {
    return even(name, 0);
  }

  long even(String name, long fallback) {
    long value = positive(name, fallback);
    if (value % 2 != 0) {
      throw wrong(name, "an even number", Long.toString(value), CORRECT);
    }
    return value;
  }

  /** Returns a list of integers; a single integer counts as a list of one. */
  List<Integer> integers(String name) {
    JsonNode value = node.path(name);
    List<Integer> values = new ArrayList<>();
    if (absent(name)) {
      return values;
    }
    Iterable<JsonNode> elements = value.isArray() ? value : List.of(value);
    for (JsonNode element : elements) {
      if (!element.isIntegralNumber() || !element.canConvertToInt()) {
        throw wrong(name, "an integer or a list of integers", describe(name), CORRECT);
      }
      values.add(element.asInt());
    }
    return values;
  }

  /** Refuses every value but one. */
  void require(String name, String only, String fallback) {
    String value = text(name, fallback);
    if (!value.equals(only)) {
      throw wrong(
          name,
          "'" + only + "'",
          absent(name) ? "none" : "'" + value + "'",
          "this version runs no other; choose another model");
    }
  }

  /** Refuses every value but one. */
  void require(String name, long only, long fallback) {
    if (notNegative(name, fallback) != only) {
      throw wrong(
          name,
          Long.toString(only),
          describe(name),
          "this version runs no other; choose another model");
    }
  }

  /** Refuses every value but one. */
  void require(String name, boolean only, boolean fallback) {
    if (flag(name, fallback) != only) {
      throw wrong(
          name,
          Boolean.toString(only),
          describe(name),
          "this version runs no other; choose another model");
    }
  }
}
