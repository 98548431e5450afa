package org.touchstone.backends.spi;

import java.nio.file.Path;
import java.util.Optional;
import org.touchstone.api.HalException;

/**
 * Unpacks native libraries into a folder that only this user can write (mode 0700, owner checked).
 */
public interface NativeLibraries {
  /** Returns the private folder. */
  Path folder();

  /**
   * Unpacks a class-path resource, unless the same bytes are there already, and returns its path.
   *
   * @throws HalException with {@code NATIVE_FAILURE} when the resource is missing or the folder is
   *     not private
   */
  Path unpack(Class<?> anchor, String resource);

  /** Looks for a shared library by its file name in the system's library folders; loads nothing. */
  Optional<Path> findSystemLibrary(String fileName);
}
