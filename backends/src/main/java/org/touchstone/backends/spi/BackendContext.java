package org.touchstone.backends.spi;

import org.touchstone.backends.config.Configuration;

/** What the HAL lends to a backend. Thread-safe. */
public interface BackendContext {
  /** Returns the configuration of this HAL. */
  Configuration configuration();

  /** Returns the cache for compiled kernels. */
  KernelCache kernelCache();

  /** Returns the loader for native libraries, which keeps them in a private per-user folder. */
  NativeLibraries nativeLibraries();

  /**
   * Tells the user something that must not be silent, once per text: a long compilation, a rebuilt
   * cache entry.
   */
  void notice(String text);
}
