package org.touchstone.backends.cuda.sim.exec;

import java.util.List;

/**
 * What a launch did.
 *
 * @param kernel the kernel's name
 * @param blocks blocks of the grid
 * @param warpInstructions instructions that warps ran
 * @param threadInstructions the same times the lanes that were active
 * @param nanos wall-clock time of the simulation, which says nothing about a device
 * @param accesses memory transactions by instruction, empty with metrics off
 */
public record LaunchReport(
    String kernel,
    int blocks,
    long warpInstructions,
    long threadInstructions,
    long nanos,
    List<Access> accesses) {

  /** Copies the accesses. */
  public LaunchReport {
    accesses = List.copyOf(accesses);
  }

  /**
   * The transactions of one instruction.
   *
   * @param text the instruction
   * @param ptxLine its line
   * @param source {@code file:line}, empty if unknown
   * @param space where it goes
   * @param executed how often warps ran it
   * @param transactions shared-memory wavefronts or 32-byte global sectors
   * @param ideal the fewest that could carry the bytes
   */
  public record Access(
      String text,
      int ptxLine,
      String source,
      Space space,
      long executed,
      long transactions,
      long ideal) {}

  /** Which transactions are counted. */
  public enum Space {
    /** Wavefronts: groups of lanes served at once by the 32 banks. */
    SHARED,
    /** Sectors of 32 bytes. */
    GLOBAL
  }

  /** Returns the transactions of a space over the fewest possible, 1 if there are none. */
  public double ratio(Space space) {
    long all = 0;
    long ideal = 0;
    for (Access a : accesses) {
      if (a.space() == space) {
        all += a.transactions();
        ideal += a.ideal();
      }
    }
    return ideal == 0 ? 1 : (double) all / ideal;
  }
}
