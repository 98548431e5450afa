package org.touchstone.backends.cuda.sim.memory;

/** Says whether an earlier launch or copy happened before the current one. */
public interface LaunchOrder {
  /**
   * Says whether all of an earlier piece of work happened before the current one.
   *
   * @param earlier its number, modulo 65536
   */
  boolean happenedBefore(int earlier);
}
