package org.touchstone.backends.spi;

import java.util.List;
import java.util.function.Supplier;

/**
 * Keeps compiled kernels on disk, in a private per-user folder. Safe for several processes: an
 * entry is written to a temporary file and renamed. A corrupt entry is rebuilt with a notice.
 */
public interface KernelCache {
  /**
   * Returns the binary of a key, compiling it when there is none. A compilation longer than 2 s is
   * announced.
   *
   * @param key everything that the binary depends on: source, options, device, driver version
   * @param what for notices, for example the kernel's name
   */
  byte[] get(List<String> key, String what, Supplier<byte[]> compile);

  /** Forgets a binary that the driver refused, so that the next {@link #get} compiles it. */
  void invalidate(List<String> key, String why);
}
