package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.HalException;
import org.touchstone.backends.opencl.driver.KernelEdit;

class KernelDefectsTest {
  static Stream<KernelDefect> defects() {
    return KernelDefects.defects().stream();
  }

  @Test
  void there_are_many_in_both_variants() {
    assertThat(KernelDefects.defects()).hasSizeGreaterThanOrEqualTo(25);
    for (Variant variant : Variant.values()) {
      assertThat(KernelDefects.defects().stream().filter(d -> d.variant() == variant))
          .hasSizeGreaterThanOrEqualTo(10);
    }
  }

  @ParameterizedTest
  @MethodSource("defects")
  void finds_its_place(KernelDefect defect) {
    String resource = defect.edit().resource();
    assertThat(defect.ops()).isNotEmpty();
    assertThat(defect.edit().read(resource)).isNotEqualTo(KernelEdit.NONE.read(resource));
  }

  @Test
  void drift_of_a_source_is_an_error() {
    assertThatThrownBy(() -> new KernelEdit("add.cl", "no such text", "").read("add.cl"))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("add.cl must have 'no such text' once, it has it never");
    assertThatThrownBy(() -> new KernelEdit("add.cl", "ulong", "").read("add.cl"))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("it has it again");
    assertThat(new KernelEdit("add.cl", "no such text", "").read("cast.cl"))
        .isEqualTo(KernelEdit.NONE.read("cast.cl"));
  }
}
