package org.touchstone.backends.opencl.driver;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.LibUtils;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.spi.NativeLibraries;
import org.touchstone.backends.spi.TemporaryFolder;

/**
 * Loads the OpenCL loader and JOCL's own library, once per process, and never from a folder that
 * other users can write.
 */
public final class OpenClLoader {
  /** What the OpenCL loader is called on Linux, on Windows and on macOS. */
  private static final List<String> NAMES = List.of("libOpenCL.so.1", "OpenCL.dll");

  /** The Khronos loader for machines that have none; in the jar for 64-bit x86 Linux only. */
  private static final String BUNDLED =
      "/org/touchstone/backends/opencl/native/org/bytedeco/opencl/linux-x86_64/libOpenCL.so.1";

  private static final String JOCL_PLATFORM = "JOCL_2_0_6";

  private static boolean attempted;
  private static Optional<Reason> outcome = Optional.empty();
  private static String origin = "not loaded";

  private OpenClLoader() {}

  /** Returns why OpenCL cannot be called, empty when it can. */
  public static synchronized Optional<Reason> load(NativeLibraries libraries) {
    if (!attempted) {
      // A class whose initialiser failed stays unusable, so a second attempt would tell less.
      attempted = true;
      outcome = attempt(libraries);
    }
    return outcome;
  }

  /** Says where the loader came from. */
  public static synchronized String origin() {
    return origin;
  }

  private static Optional<Reason> attempt(NativeLibraries libraries) {
    try {
      Optional<Reason> missing = loadLoader(libraries);
      if (missing.isEmpty()) {
        initialise(libraries);
      }
      return missing;
    } catch (LinkageError | HalException e) {
      return Optional.of(
          Reason.of(
              ReasonCode.NATIVE_LIBRARY_FAILED,
              firstLine(e) + " (OpenCL loader: " + origin + ")",
              "repair or reinstall the OpenCL loader; on Debian: apt install ocl-icd-libopencl1"));
    }
  }

  @SuppressWarnings("restricted") // loading libraries is what this class is for
  private static Optional<Reason> loadLoader(NativeLibraries libraries) {
    Optional<Path> found = Optional.empty();
    for (String name : NAMES) {
      found = found.or(() -> libraries.findSystemLibrary(name));
    }
    if (found.isPresent()) {
      origin = found.get().toString();
      // JOCL asks for it by its short name and gets the one that is loaded already.
      System.load(origin);
      return Optional.empty();
    }
    if (OpenClLoader.class.getResource(BUNDLED) == null || !isBundledPlatform()) {
      return Optional.of(
          Reason.of(
              ReasonCode.LOADER_MISSING,
              NAMES.getFirst() + " is in none of the system's library folders",
              "install an OpenCL loader, on Debian: apt install ocl-icd-libopencl1"));
    }
    Path own = libraries.unpack(OpenClLoader.class, BUNDLED);
    origin = "bundled, " + own;
    System.load(own.toString());
    return Optional.empty();
  }

  private static boolean isBundledPlatform() {
    return LibUtils.createPlatformLibraryName(JOCL_PLATFORM).endsWith("-linux-x86_64");
  }

  /**
   * Runs JOCL's static initialiser, which loads its library from the temporary folder, or writes it
   * there: anybody may have put one into the shared folder, so for this moment the private one is
   * the temporary folder, with the file in place.
   */
  private static void initialise(NativeLibraries libraries) {
    String file = LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(JOCL_PLATFORM));
    Path unpacked = libraries.unpack(CL.class, "/lib/" + file);
    TemporaryFolder.during(
        requireNonNull(unpacked.getParent()),
        () -> {
          CL.setExceptionsEnabled(false);
          return unpacked;
        });
  }

  private static String firstLine(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String text = String.valueOf(root.getMessage());
    return text.lines().findFirst().orElse(root.getClass().getSimpleName());
  }
}
