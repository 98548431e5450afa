package org.touchstone.backends.opencl.standin;

import java.nio.file.Path;
import java.util.Optional;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.backends.opencl.driver.OpenClLoader;
import org.touchstone.backends.spi.NativeLibraries;

/** Prints why a process without a loader of its own, or with the given one, cannot call OpenCL. */
public final class LoaderReport {
  private LoaderReport() {}

  /** Takes the path of what stands for the system's loader, or nothing. */
  public static void main(String[] arguments) {
    NativeLibraries real = Backends.context(HalOptions.DEFAULT).nativeLibraries();
    NativeLibraries libraries =
        new NativeLibraries() {
          @Override
          public Path folder() {
            return real.folder();
          }

          @Override
          public Path unpack(Class<?> anchor, String resource) {
            return real.unpack(anchor, resource);
          }

          @Override
          public Optional<Path> findSystemLibrary(String fileName) {
            return arguments.length == 0 ? Optional.empty() : Optional.of(Path.of(arguments[0]));
          }
        };
    System.out.println("loader " + OpenClLoader.load(libraries));
  }
}
