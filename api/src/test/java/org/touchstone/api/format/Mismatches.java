package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Collects the first few differences of a loop too long for one assertion per step. */
final class Mismatches {
  private static final int KEPT = 8;

  private final List<String> first = new ArrayList<>();
  private long checked;

  void check(boolean equal, Supplier<String> description) {
    checked++;
    if (!equal && first.size() < KEPT) {
      first.add(description.get());
    }
  }

  /** Compare bit patterns. */
  void check(int actual, int expected, Supplier<String> input) {
    check(
        actual == expected,
        () -> "%s: expected 0x%x, got 0x%x".formatted(input.get(), expected, actual));
  }

  /** Compare values by their bits, so that -0 differs from +0; NaN equals NaN. */
  void check(double actual, double expected, Supplier<String> input) {
    check(
        Double.compare(actual, expected) == 0,
        () -> "%s: expected %s, got %s".formatted(input.get(), expected, actual));
  }

  void assertNoneOf(long expectedChecks) {
    assertThat(first).isEmpty();
    assertThat(checked).isEqualTo(expectedChecks);
  }

  void assertNone() {
    assertThat(first).isEmpty();
    assertThat(checked).isPositive();
  }
}
