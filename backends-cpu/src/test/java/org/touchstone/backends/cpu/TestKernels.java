package org.touchstone.backends.cpu;

import static java.util.Objects.requireNonNull;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.cpu.micro.InstructionSet;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.NativeKernels;
import org.touchstone.backends.cpu.micro.NativeLibrary;
import org.touchstone.backends.cpu.simd.VectorKernels;
import org.touchstone.backends.files.PrivateNativeLibraries;
import org.touchstone.backends.spi.NativeLibraries;

/** The micro-kernels that tests run on. */
final class TestKernels {
  private static final Configuration CONFIGURATION = Configuration.of(Map.of());

  private TestKernels() {}

  /**
   * Returns the library that imitates AVX-512, from the folder that the system property {@code
   * touchstone.test.library} names; none in a run of the tests that is about this processor's own
   * instructions.
   */
  static Optional<Path> imitation() {
    return Optional.ofNullable(System.getProperty("touchstone.test.library"))
        .map(folder -> Path.of(folder, System.mapLibraryName("touchstone_cpu")));
  }

  /** Returns the loader of native libraries that this run of the tests asks for. */
  static NativeLibraries libraries() {
    NativeLibraries own = new PrivateNativeLibraries(CONFIGURATION, notice -> {});
    return imitation().filter(Files::exists).<NativeLibraries>map(Imitated::new).orElse(own);
  }

  private record Imitated(Path library) implements NativeLibraries {
    @Override
    public Path folder() {
      return requireNonNull(library.toAbsolutePath().getParent());
    }

    @Override
    public Path unpack(Class<?> anchor, String resource) {
      return library.toAbsolutePath();
    }

    @Override
    public Optional<Path> findSystemLibrary(String fileName) {
      return Optional.empty();
    }
  }

  /**
   * Returns the kernels that this run of the tests is about: those that the system property {@code
   * touchstone.test.kernels} names, or the best. Where the library is missing they are the Vector
   * API's, which {@link KernelChoiceTest} reports.
   */
  static MicroKernels chosen() {
    String wanted = System.getProperty("touchstone.test.kernels", "");
    List<MicroKernels> all = all();
    return all.stream()
        .filter(kernels -> kernels.name().equals(wanted))
        .findFirst()
        .orElse(wanted.isEmpty() ? all.getLast() : all.getFirst());
  }

  /** Returns the instruction sets of the native library that run here. */
  static List<InstructionSet> sets() {
    return NativeLibrary.load(libraries()).sets();
  }

  /** Returns all kernels that run here, the Vector API's first. */
  static List<MicroKernels> all() {
    NativeLibrary library = NativeLibrary.load(libraries());
    return Stream.concat(
            Stream.of(VectorKernels.INSTANCE),
            library.sets().stream().map(set -> NativeKernels.of(set, library)))
        .toList();
  }
}
