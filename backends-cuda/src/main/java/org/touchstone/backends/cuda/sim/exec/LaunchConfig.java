package org.touchstone.backends.cuda.sim.exec;

/**
 * The extents of a launch.
 *
 * @param dynamicShared bytes of dynamic shared memory
 */
public record LaunchConfig(
    int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int dynamicShared) {

  /** Checks that all extents are positive. */
  public LaunchConfig {
    if (gridX < 1 || gridY < 1 || gridZ < 1 || blockX < 1 || blockY < 1 || blockZ < 1) {
      throw new IllegalArgumentException("extents of a launch must be positive");
    }
    if (dynamicShared < 0) {
      throw new IllegalArgumentException("negative dynamic shared memory");
    }
  }

  /** Returns a one-dimensional launch. */
  public static LaunchConfig of(int grid, int block, int dynamicShared) {
    return new LaunchConfig(grid, 1, 1, block, 1, 1, dynamicShared);
  }

  /** Returns the threads of a block. */
  public int threads() {
    return Math.multiplyExact(Math.multiplyExact(blockX, blockY), blockZ);
  }

  /** Returns the blocks of the grid. */
  public int blocks() {
    return Math.multiplyExact(Math.multiplyExact(gridX, gridY), gridZ);
  }
}
