package org.touchstone.backends.opencl.driver;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeSet;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;

/**
 * The drivers that are registered on a Unix system. The loader skips one that it cannot load and
 * says nothing; this says why.
 */
final class InstalledDrivers {
  private static final Path VENDORS = Path.of("/etc/OpenCL/vendors");
  private static final int RTLD_LAZY = 1;

  private InstalledDrivers() {}

  /** Returns what keeps the first broken driver from being loaded. */
  static Optional<Reason> firstBroken() {
    return firstBroken(VENDORS);
  }

  static Optional<Reason> firstBroken(Path folder) {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    TreeSet<Path> registrations = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.icd")) {
      files.forEach(registrations::add);
    } catch (IOException e) {
      return Optional.of(refused(folder.toString(), "cannot be read: " + e));
    }
    return registrations.stream().flatMap(file -> problem(file).stream()).findFirst();
  }

  private static Optional<Reason> problem(Path registration) {
    try {
      String library = Files.readString(registration).strip();
      return loadError(library)
          .map(
              error ->
                  refused(
                      registration.toString(),
                      "names " + library + ", which cannot be loaded: " + error));
    } catch (IOException e) {
      return Optional.of(refused(registration.toString(), "cannot be read: " + e));
    }
  }

  private static Reason refused(String what, String why) {
    return Reason.of(
        ReasonCode.DRIVER_REFUSED, what + " " + why, "reinstall the driver that owns this file");
  }

  /** Loads a library as the loader does and returns the system's words when that fails. */
  @SuppressWarnings("restricted") // calls dlopen, as the loader does
  private static Optional<String> loadError(String library) {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle open =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("dlopen"),
              FunctionDescriptor.of(
                  ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
      MethodHandle error =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("dlerror"),
              FunctionDescriptor.of(ValueLayout.ADDRESS));
      MemorySegment handle =
          (MemorySegment) open.invokeExact(arena.allocateFrom(library), RTLD_LAZY);
      if (handle.address() != 0) {
        return Optional.empty();
      }
      MemorySegment text = (MemorySegment) error.invokeExact();
      return Optional.of(
          text.address() == 0 ? "no reason given" : text.reinterpret(Long.MAX_VALUE).getString(0));
      // Not a Unix system, so nothing is registered in this folder either.
    } catch (Throwable e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }
}
