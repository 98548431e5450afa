package org.touchstone.backends.spi;

import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * Static facts about a backend.
 *
 * @param name short name, also the scheme of its first device family, for example {@code opencl}
 * @param version version of its jar
 * @param builtForSpi SPI version that it was compiled against
 * @param oldestSpi oldest SPI version that it works with
 * @param summary one line for people
 */
public record BackendDescription(
    String name, String version, int builtForSpi, int oldestSpi, String summary) {
  /**
   * SPI version of this host; a backend is taken when {@code oldestSpi <= SPI_VERSION} and {@code
   * builtForSpi >= OLDEST_SPI}.
   */
  public static final int SPI_VERSION = 1;

  /** Oldest backend that this host takes. */
  public static final int OLDEST_SPI = 1;

  /** Checks the name and the range. */
  public BackendDescription {
    if (!name.matches("[a-z][a-z0-9-]*") || oldestSpi > builtForSpi) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "backend name '"
              + name
              + "' with SPI range "
              + oldestSpi
              + ".."
              + builtForSpi
              + " is not legal");
    }
  }
}
