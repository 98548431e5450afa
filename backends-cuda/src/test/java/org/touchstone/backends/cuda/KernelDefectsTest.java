package org.touchstone.backends.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.SimDevice;
import org.touchstone.backends.cuda.sim.SimModule;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.spi.Mutant;

class KernelDefectsTest {
  private static final String TEXT =
      """
      .visible .entry one(
      )
      {
      bar.sync 0;
      bar.sync 0;
      }
      .visible .entry two(
      )
      {
      bar.sync 0;
      }
      """;

  static Stream<KernelDefect> defects() {
    return KernelDefects.defects().stream();
  }

  @Test
  void there_are_many_and_of_every_kind_that_a_kernel_can_have() {
    assertThat(KernelDefects.defects()).hasSizeGreaterThanOrEqualTo(30);
    assertThat(new KernelDefects().mutants())
        .extracting(Mutant::caughtBy)
        .contains(Mutant.CaughtBy.VALUE, Mutant.CaughtBy.BOUNDS, Mutant.CaughtBy.RACE);
  }

  @ParameterizedTest
  @MethodSource("defects")
  void finds_its_place_and_leaves_a_module_that_loads(KernelDefect defect) {
    assertThat(defect.ops()).isNotEmpty();
    assertThat(defect.edits()).isNotEmpty();
    assertThat(defect.entry().serves()).contains(89);
    byte[] spoiled = defect.read(defect.entry());
    assertThat(spoiled).isNotEqualTo(PtxSnapshot.read(defect.entry()));
    SimDevice device = new SimDevice(DeviceProfile.of("sm_89").orElseThrow(), Options.DEFAULT);
    SimModule module = device.load(new String(spoiled, StandardCharsets.UTF_8));
    assertThat(module.kernels()).anyMatch(name -> defect.kernels().matcher(name).matches());
  }

  @Test
  void an_edit_changes_the_match_that_it_names_in_the_kernel_that_it_names() {
    PtxEdit second = new PtxEdit(Pattern.compile("bar\\.(sync) 0;"), 2, 2, "no.$1;");
    assertThat(PtxEdit.apply(TEXT, Pattern.compile("one"), List.of(second)))
        .isEqualTo(TEXT.replaceFirst("(?s)(bar.*?)bar.sync 0;", "$1no.sync;"));
    PtxEdit all = new PtxEdit(Pattern.compile("bar\\.sync 0;"), 0, 2, "");
    assertThat(PtxEdit.apply(TEXT, Pattern.compile("one"), List.of(all)))
        .containsOnlyOnce("bar.sync");
  }

  @Test
  void drift_of_the_text_is_an_error() {
    PtxEdit edit = new PtxEdit(Pattern.compile("bar\\.sync"), 1, 1, "");
    assertThatThrownBy(() -> PtxEdit.apply(TEXT, Pattern.compile("one"), List.of(edit)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("matches 2 times in one, expected 1");
    assertThatThrownBy(() -> PtxEdit.apply(TEXT, Pattern.compile("three"), List.of(edit)))
        .hasMessageContaining("no kernel named three");
    assertThatThrownBy(() -> new PtxEdit(Pattern.compile("x"), 2, 1, ""))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void settings_of_the_simulator_are_checked() {
    HalOptions wrong = HalOptions.DEFAULT.with("cuda-sim.accumulator", "fp8");
    try (Hal hal = Backends.open(wrong, new CudaSimProvider())) {
      assertThatThrownBy(() -> hal.device("cuda-sim://sm_89"))
          .hasMessageContaining("touchstone.cuda-sim.accumulator is 'fp8'");
    }
    HalOptions seed = HalOptions.DEFAULT.with("cuda-sim.seed", "many");
    try (Hal hal = Backends.open(seed, new CudaSimProvider())) {
      assertThatThrownBy(() -> hal.device("cuda-sim://sm_89"))
          .hasMessageContaining("expected an integer");
    }
  }
}
