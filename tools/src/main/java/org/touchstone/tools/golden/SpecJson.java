package org.touchstone.tools.golden;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Specs as plain maps: records become objects, enums their names, numbers that JSON lacks text. */
final class SpecJson {
  private SpecJson() {}

  static Map<String, @Nullable Object> of(Record spec) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (RecordComponent component : spec.getClass().getRecordComponents()) {
      fields.put(component.getName(), plain(value(spec, component)));
    }
    return fields;
  }

  static Map<String, @Nullable Object> of(Object spec) {
    return of((Record) spec);
  }

  private static @Nullable Object value(Record spec, RecordComponent component) {
    try {
      return component.getAccessor().invoke(spec);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("spec " + spec + " hides " + component.getName(), e);
    }
  }

  private static @Nullable Object plain(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case Boolean flag -> flag;
      case Float f when !Float.isFinite(f) -> f.toString();
      case Double d when !Double.isFinite(d) -> d.toString();
      case Number number -> number;
      case Enum<?> constant -> constant.name();
      case Record record -> of(record);
      default -> value.toString();
    };
  }
}
