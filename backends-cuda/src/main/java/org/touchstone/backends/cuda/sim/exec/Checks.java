package org.touchstone.backends.cuda.sim.exec;

/**
 * Which checks run. Bounds and alignment are always checked.
 *
 * @param races unordered accesses to shared and global memory
 * @param uninitialisedShared reads of shared memory that nothing wrote
 * @param uninitialisedGlobal reads of global memory that nothing wrote
 * @param uninitialisedRegisters reads of registers and local memory that nothing wrote
 * @param asyncCopies uses of shared memory that a pending copy writes, and copies pending at exit
 */
public record Checks(
    boolean races,
    boolean uninitialisedShared,
    boolean uninitialisedGlobal,
    boolean uninitialisedRegisters,
    boolean asyncCopies) {
  /** All checks. */
  public static final Checks ALL = new Checks(true, true, true, true, true);

  /** Bounds and alignment only. */
  public static final Checks NONE = new Checks(false, false, false, false, false);
}
