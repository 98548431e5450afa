package org.touchstone.conformance.cases;

import java.util.Locale;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/** Which experts the token slots of a case go to. */
enum ExpertChoice {
  /** Distinct experts for every token, all equally often. */
  UNIFORM,
  /** As uniform, but a slot in six has no expert; the first slot always has one. */
  HOLES,
  /** Every first slot goes to the last expert, every third token has a second one. */
  ONE_EXPERT,
  /** Half of the slots go to the first quarter of the experts, several get none. */
  SKEWED,
  /** A token's slots all name the same expert. */
  DUPLICATES,
  /** Slots take the experts in turn, backwards. */
  DESCENDING,
  /** No slot has an expert. */
  NONE;

  /** Returns the name within case names. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Fills a slot of shape [T, k] with experts below {@code experts}, or -1. */
  void fill(InputData data, String slot, long experts) {
    CounterRandom random = data.random("experts");
    long topK = data.shape(slot).dim(1);
    data.integers(slot, i -> expert(random, experts, i / topK, i % topK, topK));
  }

  private long expert(CounterRandom random, long experts, long token, long j, long topK) {
    long slot = token * topK + j;
    return switch (this) {
      case UNIFORM -> distinct(random, experts, token, j);
      case HOLES ->
          slot > 0 && random.below(~slot, 6) == 0 ? -1 : distinct(random, experts, token, j);
      case ONE_EXPERT -> j == 0 ? experts - 1 : j == 1 && token % 3 == 0 && experts > 1 ? 0 : -1;
      case SKEWED -> {
        long few = Math.max(topK, Math.ceilDiv(experts, 4));
        yield distinct(random, token % 2 == 0 ? Math.min(few, experts) : experts, token, j);
      }
      case DUPLICATES -> random.below(token, experts);
      case DESCENDING -> experts - 1 - slot % experts;
      case NONE -> -1;
    };
  }

  /** Walks around the experts in steps that share no factor with their number. */
  private static long distinct(CounterRandom random, long experts, long token, long j) {
    long step = 1 + random.below(2 * token, Math.max(1, experts - 1));
    while (gcd(step, experts) != 1) {
      step++;
    }
    return (random.below(2 * token + 1, experts) + j * step) % experts;
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
