package org.touchstone.backends.cuda.sim.exec;

/**
 * The order in which warps run.
 *
 * @param adversarial false: by number, each to its next barrier; true: random warps for random
 *     spans, asynchronous copies complete at once or as late as possible, lanes' atomics and blocks
 *     in random order
 * @param seed of the random choices, which are the same however many threads run the blocks
 */
public record Schedule(boolean adversarial, long seed) {
  /** By number. */
  public static final Schedule DETERMINISTIC = new Schedule(false, 0);

  /** Returns random order with the seed. */
  public static Schedule adversarial(long seed) {
    return new Schedule(true, seed);
  }
}
