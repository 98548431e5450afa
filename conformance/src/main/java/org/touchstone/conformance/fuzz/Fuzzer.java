package org.touchstone.conformance.fuzz;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.Placement;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.checks.MistakeItem;
import org.touchstone.conformance.checks.SpecItem;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.run.Item;

/**
 * Draws items as functions of a seed and a number: flags and families from the catalogue, sizes and
 * placement at random; of ten items two have a mistake in their arguments and one a changed spec.
 * Immutable and thread-safe.
 */
public final class Fuzzer {
  /** Elements of all tensors of a case; keeps the reference's share of the time small. */
  private static final long MOST_ELEMENTS = 1 << 16;

  private static final int ATTEMPTS = 24;
  private static final int KINDS = 10;

  private final long seed;
  private final List<Op> ops;
  private final Map<Op, List<TestCase>> pools = new EnumMap<>(Op.class);

  /**
   * Creates a fuzzer.
   *
   * @param ops operators to draw; those whose cases have one size only are left out
   */
  public Fuzzer(CaseCatalog catalog, Collection<Op> ops, long seed) {
    this.seed = seed;
    for (TestCase testCase : catalog.cases(Level.L2, ops)) {
      if (testCase.sizes().length > 0) {
        pools.computeIfAbsent(testCase.op(), op -> new ArrayList<>()).add(testCase);
      }
    }
    this.ops = List.copyOf(pools.keySet());
  }

  /** Returns the operators that are drawn. */
  public List<Op> ops() {
    return ops;
  }

  /** Draws an item. */
  public Item draw(long number) {
    CounterRandom random = CounterRandom.of("fuzz", seed + "/" + number);
    List<TestCase> pool = pools.getOrDefault(ops.get((int) random.below(0, ops.size())), List.of());
    TestCase frame = pool.get((int) random.below(1, pool.size()));
    TestCase testCase = sized(frame, random);
    long kind = random.below(2, KINDS);
    if (kind == 0) {
      return SpecItem.draw(testCase, random.bits(3) >>> 40);
    }
    Optional<Item> mistake =
        kind <= 2
            ? MistakeItem.draw(testCase, random.bits(3) >>> 40, (int) random.below(4, 16))
            : Optional.empty();
    return mistake.orElseGet(() -> Item.of(testCase));
  }

  private static TestCase sized(TestCase frame, CounterRandom random) {
    List<Placement> placements = List.of(Placement.values());
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      long stream = 1000L * attempt;
      // Later attempts keep more of what the catalogue has, where sizes depend on each other.
      long keep = Math.min(7, attempt / 3L);
      long[] sizes = frame.sizes();
      for (int d = 0; d < sizes.length; d++) {
        long at = stream + 10L * d;
        sizes[d] = random.below(at, 8) < keep ? sizes[d] : size(random, at);
      }
      long chosen = random.below(stream + 1, 3L * placements.size());
      Placement placement =
          chosen < placements.size() ? placements.get((int) chosen) : Placement.DENSE;
      Optional<TestCase> drawn = frame.resized(sizes, placement);
      if (drawn.filter(c -> Item.of(c).cost() <= MOST_ELEMENTS).isPresent()) {
        return drawn.get();
      }
    }
    return frame;
  }

  private static long size(CounterRandom random, long at) {
    return switch ((int) random.below(at + 1, 5)) {
      case 0, 1 -> 1 + random.below(at + 2, 9);
      case 2 -> (16L << random.below(at + 2, 5)) + random.below(at + 3, 3) - 1;
      case 3 -> 32 * (1 + random.below(at + 2, 12));
      default -> 1 + random.below(at + 2, 300);
    };
  }
}
