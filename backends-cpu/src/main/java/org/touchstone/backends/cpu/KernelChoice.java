package org.touchstone.backends.cpu;

import java.util.Locale;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.config.Setting;
import org.touchstone.backends.cpu.micro.InstructionSet;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.NativeKernels;
import org.touchstone.backends.cpu.micro.NativeLibrary;
import org.touchstone.backends.cpu.simd.VectorKernels;
import org.touchstone.backends.spi.NativeLibraries;

/**
 * Which micro-kernels run, and why.
 *
 * @param kernels the kernels
 * @param reason for people: what the choice rests on
 */
record KernelChoice(MicroKernels kernels, String reason) {
  /**
   * Chooses by the settings {@code cpu.kernels} and {@code cpu.isa}.
   *
   * @throws HalException when a setting asks for what is not there, or is no choice
   */
  static KernelChoice of(Configuration configuration, NativeLibraries libraries) {
    if (configuration.setting(CpuSettings.KERNELS).value().strip().equalsIgnoreCase("vector")) {
      // The library is not even unpacked.
      return vector(configuration);
    }
    return of(configuration, NativeLibrary.load(libraries));
  }

  private static KernelChoice vector(Configuration configuration) {
    String place = configuration.setting(CpuSettings.KERNELS).place();
    return new KernelChoice(VectorKernels.INSTANCE, "chosen by " + place);
  }

  /** Chooses with a library that was loaded, or not. */
  static KernelChoice of(Configuration configuration, NativeLibrary library) {
    Setting kind = configuration.setting(CpuSettings.KERNELS);
    Setting isa = configuration.setting(CpuSettings.ISA);
    String wanted = kind.value().strip().toLowerCase(Locale.ROOT);
    switch (wanted) {
      case "vector" -> {
        return vector(configuration);
      }
      case "auto", "native" -> {}
      default ->
          throw new HalException(
              ErrorCode.CONFIGURATION,
              "setting cpu.kernels is '" + kind.value() + "', expected auto, native or vector");
    }
    String set = isa.value().strip().toLowerCase(Locale.ROOT).replace('_', '-');
    if (!set.equals("auto")) {
      return new KernelChoice(NativeKernels.of(named(set), library), "chosen by " + isa.place());
    }
    if (library.sets().isEmpty()) {
      if (wanted.equals("native")) {
        throw new HalException(
            ErrorCode.UNSUPPORTED,
            kind.place() + " asks for native kernels, but " + library.reason(),
            null,
            null,
            "set touchstone.cpu.kernels to auto, or repair the library",
            null);
      }
      return new KernelChoice(VectorKernels.INSTANCE, library.reason());
    }
    InstructionSet best = library.sets().getLast();
    return new KernelChoice(
        NativeKernels.of(best, library), "the processor has " + best.features());
  }

  private static InstructionSet named(String id) {
    for (InstructionSet set : InstructionSet.values()) {
      if (set.id().equals(id)) {
        return set;
      }
    }
    throw new HalException(
        ErrorCode.CONFIGURATION,
        "setting cpu.isa is '" + id + "', expected auto, portable, avx2, avx512 or avx512-bf16");
  }
}
