package org.touchstone.backends.cuda.sim.exec;

/**
 * How kernels are run.
 *
 * @param workers the most threads that run blocks, the caller's included
 * @param instructionLimit the most instructions that the warps of a launch may run together
 * @param metrics whether shared-memory wavefronts and global sectors are counted
 */
public record Options(
    Checks checks,
    Schedule schedule,
    Accumulator accumulator,
    int workers,
    long instructionLimit,
    Metrics metrics) {
  /** Whether memory transactions are counted. */
  public enum Metrics {
    /** Instructions only. */
    OFF,
    /** Shared-memory wavefronts and global sectors too, which costs time. */
    ON
  }

  /** Checks on, deterministic order, exact accumulation, all processors. */
  public static final Options DEFAULT =
      new Options(
          Checks.ALL,
          Schedule.DETERMINISTIC,
          Accumulator.EXACT_FP32,
          Runtime.getRuntime().availableProcessors(),
          4_000_000_000L,
          Metrics.OFF);

  /** Checks the limits. */
  public Options {
    if (workers < 1 || instructionLimit < 1) {
      throw new IllegalArgumentException(
          "workers and the instruction limit must be positive: "
              + workers
              + ", "
              + instructionLimit);
    }
  }

  /** Returns the same with other checks. */
  public Options with(Checks other) {
    return new Options(other, schedule, accumulator, workers, instructionLimit, metrics);
  }

  /** Returns the same with another schedule. */
  public Options with(Schedule other) {
    return new Options(checks, other, accumulator, workers, instructionLimit, metrics);
  }

  /** Returns the same with another accumulator. */
  public Options with(Accumulator other) {
    return new Options(checks, schedule, other, workers, instructionLimit, metrics);
  }

  /** Returns the same with metrics on or off. */
  public Options with(Metrics other) {
    return new Options(checks, schedule, accumulator, workers, instructionLimit, other);
  }

  /** Returns the same with so many threads. */
  public Options withWorkers(int other) {
    return new Options(checks, schedule, accumulator, other, instructionLimit, metrics);
  }

  /** Returns the same with another instruction limit. */
  public Options withInstructionLimit(long other) {
    return new Options(checks, schedule, accumulator, workers, other, metrics);
  }
}
