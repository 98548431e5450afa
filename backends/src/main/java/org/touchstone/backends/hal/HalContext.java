package org.touchstone.backends.hal;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.files.DiskKernelCache;
import org.touchstone.backends.files.PrivateNativeLibraries;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.KernelCache;
import org.touchstone.backends.spi.NativeLibraries;

/** What one HAL lends to its backends. */
public final class HalContext implements BackendContext {
  static final System.Logger LOG = System.getLogger("org.touchstone");

  private final Configuration configuration;
  private final KernelCache kernelCache;
  private final NativeLibraries nativeLibraries;
  private final Set<String> said = ConcurrentHashMap.newKeySet();

  /** Creates the services that a configuration describes; touches no file. */
  public HalContext(Configuration configuration) {
    this.configuration = configuration;
    this.kernelCache = new DiskKernelCache(configuration, this::notice);
    this.nativeLibraries = new PrivateNativeLibraries(configuration, this::notice);
  }

  @Override
  public Configuration configuration() {
    return configuration;
  }

  @Override
  public KernelCache kernelCache() {
    return kernelCache;
  }

  @Override
  public NativeLibraries nativeLibraries() {
    return nativeLibraries;
  }

  @Override
  public void notice(String text) {
    if (said.add(text)) {
      LOG.log(System.Logger.Level.INFO, text);
    }
  }
}
