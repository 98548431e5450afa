package org.touchstone.conformance.checks;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.OpSpec;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;

/**
 * A spec with one component changed at random. Either the spec refuses it, with the code for
 * invalid specs, or every device answers whether it runs, and prepares what it claims.
 */
public final class SpecItem implements Item {
  private static final Pattern NAME = Pattern.compile("spec/(\\d{1,18})/(.+)");
  private static final long[] NUMBERS = {
    0, 1, -1, 2, 3, 7, 48, 63, 100, 129, 1000, 4097, 1L << 31, 1L << 40, Long.MAX_VALUE
  };
  private static final float[] FLOATS = {
    0, 1, -1, 0.5f, 1e-30f, 3e38f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY
  };

  private final TestCase testCase;
  private final long draw;

  private SpecItem(TestCase testCase, long draw) {
    this.testCase = testCase;
    this.draw = draw;
  }

  /** Draws a change of a case's spec. */
  public static Item draw(TestCase testCase, long draw) {
    return new SpecItem(testCase, draw);
  }

  static Optional<Item> find(CaseCatalog cases, String name) {
    Matcher matcher = NAME.matcher(name);
    return matcher.matches()
        ? cases.find(matcher.group(2)).map(c -> draw(c, Long.parseLong(matcher.group(1))))
        : Optional.empty();
  }

  @Override
  public String name() {
    return "spec/" + draw + "/" + testCase.name();
  }

  @Override
  public String op() {
    return testCase.op().opName();
  }

  @Override
  public String group() {
    return "spec";
  }

  @Override
  public Level level() {
    return Level.L3;
  }

  @Override
  public CaseReport run(Lane lane) {
    OpSpec<?> changed;
    try {
      changed = changed();
    } catch (HalException e) {
      return e.code() == ErrorCode.INVALID_SPEC
          ? CaseReport.without(Outcome.PASS, "")
          : failure("the spec is refused with " + e.code() + ", expected INVALID_SPEC: " + e);
      // What anything else is about, a caller cannot tell.
    } catch (RuntimeException e) {
      return failure("the spec is refused with " + e + ", expected a HalException");
    }
    Device device = lane.session().device();
    if (!(device.support(changed) instanceof Verdict.Yes)) {
      return CaseReport.without(Outcome.PASS, "");
    }
    try {
      device.prepare(changed);
      return CaseReport.without(Outcome.PASS, "");
    } catch (HalException e) {
      return failure("the device claims " + changed + " and cannot prepare it: " + e);
    }
  }

  private static CaseReport failure(String what) {
    return CaseReport.without(Outcome.FAIL, what);
  }

  /** Returns the spec with one component replaced. */
  private OpSpec<?> changed() {
    OpSpec<?> spec = testCase.spec();
    RecordComponent[] components = spec.getClass().getRecordComponents();
    CounterRandom random = CounterRandom.of(testCase.name(), "spec" + draw);
    int which = (int) random.below(0, components.length);
    try {
      @Nullable Object[] values = new @Nullable Object[components.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = components[i].getAccessor().invoke(spec);
      }
      values[which] = other(components[which].getType(), values[which], random);
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      return (OpSpec<?>) spec.getClass().getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException refusal) {
        throw refusal;
      }
      throw new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a spec is no public record: " + spec, e);
    }
  }

  private static @Nullable Object other(
      Class<?> type, @Nullable Object value, CounterRandom random) {
    if (type == long.class) {
      return NUMBERS[(int) random.below(1, NUMBERS.length)];
    }
    if (type == int.class) {
      return (int) NUMBERS[(int) random.below(1, NUMBERS.length)];
    }
    if (type == float.class) {
      return FLOATS[(int) random.below(1, FLOATS.length)];
    }
    List<?> constants = type.isEnum() ? Arrays.asList(type.getEnumConstants()) : List.of();
    return constants.isEmpty() ? value : constants.get((int) random.below(1, constants.size()));
  }

  @Override
  public String toString() {
    return name();
  }
}
