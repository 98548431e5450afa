package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.cpu.micro.InstructionSet;
import org.touchstone.backends.cpu.micro.MicroKernels;

/** That each run of these tests is about the kernels that it was asked for. */
class ChosenKernelsTest {
  @Test
  void thisRunIsAboutTheKernelsAskedFor() {
    Optional<Path> imitation = TestKernels.imitation();
    assumeTrue(
        imitation.isEmpty() || Files.exists(imitation.get()),
        "absent: simde : AVX-512 is imitated by SIMDe's headers, and the build found none");
    List<InstructionSet> sets = TestKernels.sets();
    if (imitation.isPresent()) {
      assertThat(sets).contains(InstructionSet.AVX512, InstructionSet.AVX512_BF16);
    }
    String wanted = System.getProperty("touchstone.test.kernels", "");
    assumeTrue(
        !sets.isEmpty() || !wanted.startsWith("native"),
        "absent: cxx : these tests ask for " + wanted + ", and there is no native library");
    MicroKernels own =
        KernelChoice.of(Configuration.of(Map.of()), TestKernels.libraries()).kernels();
    assertThat(TestKernels.chosen().name()).isEqualTo(wanted.isEmpty() ? own.name() : wanted);
  }
}
