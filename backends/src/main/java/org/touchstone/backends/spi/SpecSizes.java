package org.touchstone.backends.spi;

import java.lang.reflect.RecordComponent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/** Refuses specs with sizes that kernels cannot count. */
public final class SpecSizes {
  private SpecSizes() {}

  /**
   * Refuses a spec of which a component, or a component of a record within it, is larger than an
   * {@code int} holds; for backends whose kernels index a row, a head or an expert with one.
   */
  public static <A extends Args> Optional<Plan<A>> beyondInt(OpSpec<A> spec) {
    return beyond(spec)
        .map(
            what ->
                Plan.refuses(
                    ReasonCode.PARAMETER,
                    what + ", kernels of this backend count to " + Integer.MAX_VALUE));
  }

  private static Optional<String> beyond(Object spec) {
    for (RecordComponent component : spec.getClass().getRecordComponents()) {
      Object value = value(component, spec);
      if (value instanceof Long number && number > Integer.MAX_VALUE) {
        return Optional.of(component.getName() + " is " + number);
      }
      if (value instanceof Record inner) {
        Optional<String> found = beyond(inner);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private static @Nullable Object value(RecordComponent component, Object spec) {
    try {
      return component.getAccessor().invoke(spec);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("specs are public records: " + spec, e);
    }
  }
}
