package org.touchstone.backends.cuda.driver;

/**
 * Extents of a grid in blocks, of a block in threads, or of a cluster in blocks.
 *
 * @param x fastest extent
 * @param y middle extent
 * @param z slowest extent
 */
public record Dim3(int x, int y, int z) {
  /** Checks that no extent is empty. */
  public Dim3 {
    if (x < 1 || y < 1 || z < 1) {
      throw new IllegalArgumentException(
          "launch extents are at least 1, got " + x + " x " + y + " x " + z);
    }
  }

  /** Returns a one-dimensional extent. */
  public static Dim3 of(int x) {
    return new Dim3(x, 1, 1);
  }

  /** Returns a two-dimensional extent. */
  public static Dim3 of(int x, int y) {
    return new Dim3(x, y, 1);
  }

  /** Returns how many there are. */
  public long count() {
    return (long) x * y * z;
  }
}
