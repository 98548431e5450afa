package org.touchstone.backends.cuda.compiler;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.spi.NativeLibraries;

/** Looks for NVRTC, newest version first. */
public final class NvrtcLoader {
  private static final List<String> NAMES =
      List.of(
          "libnvrtc.so.14",
          "libnvrtc.so.13",
          "libnvrtc.so.12",
          "libnvrtc.so.11.2",
          "libnvrtc.so.11.1",
          "libnvrtc.so");

  private static final String BUILTINS = "libnvrtc-builtins.so*";

  private NvrtcLoader() {}

  /** What came of looking. */
  public sealed interface Outcome {
    /** NVRTC is there. */
    record Found(Nvrtc compiler) implements Outcome {}

    /**
     * NVRTC is not there, or does not load.
     *
     * @param reason why not, and what happens instead
     */
    record Absent(Reason reason) implements Outcome {}
  }

  /** Looks in the system's library folders. */
  public static Outcome load(NativeLibraries libraries) {
    Optional<Path> path =
        NAMES.stream().flatMap(name -> libraries.findSystemLibrary(name).stream()).findFirst();
    if (path.isEmpty()) {
      return absent(
          ReasonCode.LOADER_MISSING,
          "NVRTC is in none of the system's library folders",
          "nothing is missing: the driver compiles the PTX that ships; install NVRTC to have"
              + " kernels compiled for exactly this GPU");
    }
    try {
      openBuiltins(path.get());
      return new Outcome.Found(new Nvrtc(path.get()));
    } catch (IOException | IllegalArgumentException | NvrtcException e) {
      return absent(
          ReasonCode.NATIVE_LIBRARY_FAILED,
          "NVRTC at " + path.get() + " does not load: " + e.getMessage(),
          "nothing is missing: the driver compiles the PTX that ships; install NVRTC 11.2 or newer"
              + " to have kernels compiled for exactly this GPU");
    }
  }

  private static Outcome absent(ReasonCode code, String detail, String remedy) {
    return new Outcome.Absent(Reason.of(code, detail, remedy));
  }

  /** NVRTC opens its builtins by name, which finds them only when they are open already. */
  @SuppressWarnings("restricted") // opens the library beside the one that was found
  private static void openBuiltins(Path library) throws IOException {
    Path folder = library.toRealPath().getParent();
    if (folder == null) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, BUILTINS)) {
      for (Path file : files) {
        SymbolLookup.libraryLookup(file, Arena.global());
      }
    }
  }
}
