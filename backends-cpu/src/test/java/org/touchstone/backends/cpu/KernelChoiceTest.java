package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.DType;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.cpu.micro.InstructionSet;
import org.touchstone.backends.cpu.micro.NativeLibrary;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.simd.VectorKernels;
import org.touchstone.backends.spi.NativeLibraries;

class KernelChoiceTest {
  private static KernelChoice choose(Map<String, String> settings) {
    return KernelChoice.of(Configuration.of(settings), TestKernels.libraries());
  }

  @Test
  void theNativeLibraryIsPartOfTheBuild() {
    NativeLibrary library = NativeLibrary.load(TestKernels.libraries());
    assumeTrue(
        !library.sets().isEmpty(),
        "absent: cxx : native kernels are neither built nor tested: " + library.reason());
    assertThat(library.sets()).contains(InstructionSet.PORTABLE);
    System.out.println("native kernels here: " + library.sets());
  }

  @Test
  void theVectorApiCanBeForced() {
    KernelChoice choice = choose(Map.of("cpu.kernels", "vector"));
    assertThat(choice.kernels().name()).isEqualTo("vector");
    assertThat(choice.kernels().preferredWeights(DType.E4M3FN)).isEqualTo(PackedWeights.LAYOUT);
    assertThat(choice.reason()).contains("set by the program");
  }

  @Test
  void everySetOfThisProcessorCanBeForced() {
    for (InstructionSet set : TestKernels.sets()) {
      KernelChoice choice = choose(Map.of("cpu.isa", set.id()));
      assertThat(choice.kernels().name()).isEqualTo("native-" + set.id());
    }
  }

  @Test
  void aSetThatTheProcessorLacksIsRefusedByName() {
    for (InstructionSet set : InstructionSet.values()) {
      if (!TestKernels.sets().contains(set)) {
        assertThatThrownBy(() -> choose(Map.of("cpu.isa", set.id())))
            .isInstanceOf(HalException.class)
            .hasMessageContaining(set.id());
      }
    }
    assertThatThrownBy(() -> choose(Map.of("cpu.isa", "mmx")))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("'mmx'")
        .hasMessageContaining("avx2");
    assertThatThrownBy(() -> choose(Map.of("cpu.kernels", "fast")))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("'fast'");
  }

  @Test
  void aLibraryThatDoesNotLoadIsNamed() {
    NativeLibrary broken =
        NativeLibrary.open(
            new NativeLibraries() {
              @Override
              public Path folder() {
                return Path.of("/nowhere");
              }

              @Override
              public Path unpack(Class<?> anchor, String resource) {
                throw new HalException(ErrorCode.NATIVE_FAILURE, "the folder is not private");
              }

              @Override
              public Optional<Path> findSystemLibrary(String fileName) {
                return Optional.empty();
              }
            });
    assertThat(broken.sets()).isEmpty();
    assertThat(broken.reason()).isNotBlank();
    assertThat(KernelChoice.of(Configuration.of(Map.of()), broken).kernels())
        .isSameAs(VectorKernels.INSTANCE);
    assertThat(KernelChoice.of(Configuration.of(Map.of()), broken).reason())
        .isEqualTo(broken.reason());
    assertThatThrownBy(
            () -> KernelChoice.of(Configuration.of(Map.of("cpu.kernels", "native")), broken))
        .isInstanceOf(HalException.class)
        .hasMessageContaining(broken.reason());
  }

  @Test
  void settingsAreListed() {
    assertThat(new CpuSettings().settings())
        .extracting("name")
        .isEqualTo(List.of("cpu.isa", "cpu.kernels", "cpu.pin", "cpu.threads"));
  }
}
