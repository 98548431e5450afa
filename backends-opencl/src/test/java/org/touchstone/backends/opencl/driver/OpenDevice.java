package org.touchstone.backends.opencl.driver;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.opencl.Pocl;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.KernelCache;
import org.touchstone.backends.spi.NativeLibraries;

/** PoCL's device, with a kernel cache that a test controls. */
final class OpenDevice implements AutoCloseable {
  /** What the cache was told, one line each. */
  final List<String> told = new CopyOnWriteArrayList<>();

  /** What the cache answers instead of compiling; empty compiles. */
  volatile List<byte[]> cached = List.of();

  /** The last binary that was compiled. */
  volatile byte[] compiled = {};

  final OpenClContext context;

  OpenDevice() {
    Pocl.require();
    FoundDevice found =
        Platforms.enumerate().devices().stream()
            .filter(device -> device.uri().equals(Pocl.URI))
            .findFirst()
            .orElseThrow();
    context = OpenClContext.open(found, services());
  }

  private BackendContext services() {
    BackendContext real = Backends.context(HalOptions.DEFAULT);
    KernelCache cache =
        new KernelCache() {
          @Override
          public byte[] get(List<String> key, String what, Supplier<byte[]> compile) {
            told.add("get " + what);
            if (!cached.isEmpty()) {
              return cached.getFirst();
            }
            compiled = compile.get();
            return compiled;
          }

          @Override
          public void invalidate(List<String> key, String why) {
            told.add("invalidate: " + why);
          }
        };
    return new BackendContext() {
      @Override
      public Configuration configuration() {
        return real.configuration();
      }

      @Override
      public KernelCache kernelCache() {
        return cache;
      }

      @Override
      public NativeLibraries nativeLibraries() {
        return real.nativeLibraries();
      }

      @Override
      public void notice(String text) {
        told.add("notice: " + text);
      }
    };
  }

  @Override
  public void close() {
    context.close();
  }
}
