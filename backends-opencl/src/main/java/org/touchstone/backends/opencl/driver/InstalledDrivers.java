package org.touchstone.backends.opencl.driver;

import java.io.File;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;

/**
 * The drivers that are registered on a Unix system: in a folder of {@code .icd} files, or by the
 * variables that replace the folder. The loader skips one that it cannot load and says nothing;
 * this says why.
 */
public final class InstalledDrivers {
  private static final Path VENDORS = Path.of("/etc/OpenCL/vendors");

  /** Names the folder, one of its files, or a library. */
  private static final String VENDORS_VARIABLE = "OCL_ICD_VENDORS";

  /** Names libraries beside those of the folder. */
  private static final String LIBRARIES_VARIABLE = "OCL_ICD_FILENAMES";

  private static final int RTLD_LAZY = 1;

  private final Function<String, Optional<String>> environment;

  /**
   * Looks where the loader looks.
   *
   * @param environment gives the value of a variable
   */
  public InstalledDrivers(Function<String, Optional<String>> environment) {
    this.environment = environment;
  }

  /**
   * Returns what keeps drivers from being loaded, in the order of their registrations. Asked behind
   * the loader, which has loaded what can be loaded.
   */
  public List<Reason> broken() {
    List<Reason> broken = new ArrayList<>();
    String vendors = value(VENDORS_VARIABLE);
    Path folder = vendors.isEmpty() ? VENDORS : Path.of(vendors);
    if (Files.isDirectory(folder)) {
      registrations(folder, broken).forEach(file -> problem(file).ifPresent(broken::add));
    } else if (vendors.endsWith(".icd")) {
      problem(folder).ifPresent(broken::add);
    } else if (!vendors.isEmpty()) {
      unloadable(VENDORS_VARIABLE, vendors).ifPresent(broken::add);
    }
    for (String library : value(LIBRARIES_VARIABLE).split(File.pathSeparator, -1)) {
      if (!library.isBlank()) {
        unloadable(LIBRARIES_VARIABLE, library).ifPresent(broken::add);
      }
    }
    return broken;
  }

  private String value(String variable) {
    return environment.apply(variable).map(String::strip).orElse("");
  }

  private static Set<Path> registrations(Path folder, List<Reason> broken) {
    Set<Path> registrations = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.icd")) {
      files.forEach(registrations::add);
    } catch (IOException e) {
      broken.add(refused(folder.toString(), "cannot be read: " + e));
    }
    return registrations;
  }

  private static Optional<Reason> problem(Path registration) {
    try {
      return unloadable(registration.toString(), Files.readString(registration).strip());
    } catch (IOException e) {
      return Optional.of(refused(registration.toString(), "cannot be read: " + e));
    }
  }

  private static Optional<Reason> unloadable(String registration, String library) {
    return loadError(library)
        .map(
            error ->
                refused(registration, "names " + library + ", which cannot be loaded: " + error));
  }

  private static Reason refused(String what, String why) {
    return Reason.of(ReasonCode.DRIVER_UNLOADABLE, what + " " + why);
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
