package org.touchstone.backends.cuda.sim.exec;

/**
 * Computes all 32 lanes of a register from registers of the same lanes.
 *
 * <p>Slots are offsets of lane 0: lane l of slot s is {@code r[s + l]}, of a 64-bit register {@code
 * q[s + l]}. Inactive lanes are computed too and thrown away, so an operation must not fail
 * whatever its operands hold.
 */
@FunctionalInterface
interface LaneOp {
  /**
   * Computes {@code d} from up to three sources.
   *
   * @param r registers of 32 bits and fewer
   * @param q registers of 64 bits
   */
  void run(int[] r, long[] q, int d, int a, int b, int c);
}
