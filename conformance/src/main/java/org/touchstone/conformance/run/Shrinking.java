package org.touchstone.conformance.run;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Placement;
import org.touchstone.conformance.cases.TestCase;

/**
 * Finds the smallest sizes with which a failing case fails alike: one size after the other becomes
 * 1, a quarter, a half or one less for as long as the case keeps failing. Thread-safe.
 */
public final class Shrinking {
  /** Shrinks nothing. */
  public static final Shrinking NONE = new Shrinking(item -> false, 0);

  private static final int MOST_FAILURES = 8;
  private static final int MOST_TRIES = 100;
  private static final Duration MOST_TIME = Duration.ofSeconds(20);

  /** How the reason of a case begins that wrong outputs would pass. */
  public static final String UNTRUSTED = "untrusted case";

  private final Predicate<Item> wanted;
  private final AtomicInteger left;

  private Shrinking(Predicate<Item> wanted, int failures) {
    this.wanted = wanted;
    this.left = new AtomicInteger(failures);
  }

  /** Shrinks the first failures of the items that are wanted. */
  public static Shrinking of(Predicate<Item> wanted) {
    return new Shrinking(wanted, MOST_FAILURES);
  }

  /**
   * Returns a failing report with the name of the smallest case that fails alike, when there is a
   * smaller one; any other report as it is.
   *
   * @param attempt runs an item
   */
  public CaseReport shrunk(Item item, CaseReport report, Function<Item, CaseReport> attempt) {
    boolean shrinks =
        (report.outcome() == Outcome.FAIL || report.outcome() == Outcome.CRASHED)
            && !untrusted(report)
            && item.testCase().filter(c -> c.sizes().length > 0).isPresent()
            && wanted.test(item)
            && left.getAndDecrement() > 0;
    if (!shrinks) {
      return report;
    }
    return smallest(
            item,
            candidate -> {
              CaseReport other = attempt.apply(candidate);
              return other.outcome() == report.outcome() && !untrusted(other);
            })
        .map(
            smallest ->
                report.failing(
                    report.outcome(),
                    report.reason() + "; the smallest that fails alike: --case " + smallest.name()))
        .orElse(report);
  }

  private static boolean untrusted(CaseReport report) {
    return report.reason().startsWith(UNTRUSTED);
  }

  /**
   * Looks for a smaller item that fails.
   *
   * @return the smallest that was found; empty when none is smaller
   */
  static Optional<Item> smallest(Item failing, Predicate<Item> fails) {
    long end = System.nanoTime() + MOST_TIME.toNanos();
    TestCase start = failing.testCase().orElseThrow();
    Optional<Item> found = Optional.empty();
    long[] sizes = start.sizes();
    Placement placement = start.variants().placement();
    int tries = 0;
    boolean progress = true;
    while (progress) {
      progress = false;
      for (int d = 0; d < sizes.length; d++) {
        for (long smaller : smaller(sizes[d])) {
          if (tries++ >= MOST_TRIES || System.nanoTime() - end > 0) {
            return found;
          }
          long[] other = sizes.clone();
          other[d] = smaller;
          Optional<Item> candidate = start.resized(other, placement).map(failing::like);
          if (candidate.isPresent() && fails.test(candidate.get())) {
            found = candidate;
            sizes = other;
            progress = true;
            break;
          }
        }
      }
    }
    return found;
  }

  private static Set<Long> smaller(long size) {
    Set<Long> sizes = new LinkedHashSet<>(Arrays.asList(1L, size / 4, size / 2, size - 1));
    sizes.removeIf(s -> s < 1 || s >= size);
    return sizes;
  }
}
