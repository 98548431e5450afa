package org.touchstone.backends.spi;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.touchstone.api.op.Op;
import org.touchstone.backends.config.SettingKey;

/**
 * What a search may choose on a device.
 *
 * @param trial setting that takes choices for one HAL: {@code name=value,name=value}
 * @param stored setting that names a file of choices
 * @param userFile the file that counts when nobody names one
 * @param parameters in the order in which they are best searched; a later one may depend on the
 *     value of an earlier one
 */
public record TuningSpace(
    SettingKey trial, SettingKey stored, Path userFile, List<Parameter> parameters) {
  /** Copies the list. */
  public TuningSpace {
    parameters = List.copyOf(parameters);
  }

  /**
   * Something to choose.
   *
   * @param name for example {@code product.side}
   * @param value what counts now
   * @param worthTrying values to try
   * @param ops operators whose speed depends on it
   */
  public record Parameter(String name, String value, List<String> worthTrying, Set<Op> ops) {
    /** Copies list and set. */
    public Parameter {
      worthTrying = List.copyOf(worthTrying);
      ops = Collections.unmodifiableSet(EnumSet.copyOf(ops));
    }
  }

  /**
   * What a choice was worth.
   *
   * @param workload what was timed
   * @param before nanoseconds without it
   * @param after nanoseconds with it
   */
  public record Gain(String workload, double before, double after) {}
}
