package org.touchstone.backends.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.touchstone.api.op.Op;

class MutantListTest {
  private static final String ONE =
      """
      # a comment

      mutant first
      what   adds one
      ops    add  moe_route
      caught VALUE
      edit   a
      by     b\\nc
      edit   d
      by

      mutant second
      what   waits for nothing
      ops    norm
      caught RACE
      """;

  @Test
  void sectionsHaveKeysAndTextsInTheirOrder() {
    List<MutantList.Section> sections = MutantList.parse(ONE);
    assertThat(sections).extracting(MutantList.Section::name).containsExactly("first", "second");
    MutantList.Section first = sections.getFirst();
    assertThat(first.what()).isEqualTo("adds one");
    assertThat(first.ops()).containsExactlyInAnyOrder(Op.ADD, Op.MOE_ROUTE);
    assertThat(first.caughtBy()).isEqualTo(Mutant.CaughtBy.VALUE);
    assertThat(first.lines().stream().filter(l -> l.key().equals("by")))
        .extracting(MutantList.Line::text)
        .containsExactly("b\nc", "");
    assertThat(first.value("speed", "none")).isEqualTo("none");
    assertThat(sections.getLast().ops())
        .containsExactlyInAnyOrder(Op.RMS_NORM, Op.FUSED_ADD_RMS_NORM);
  }

  @Test
  void mistakesNameTheSection() {
    assertThatThrownBy(() -> MutantList.parse(ONE + ONE))
        .hasMessageContaining("two defects are named first");
    MutantList.Section wrong =
        MutantList.parse("mutant third\nops adds\ncaught NOBODY\n").getFirst();
    assertThatThrownBy(wrong::ops).hasMessageContaining("no operator 'adds' for third");
    assertThatThrownBy(wrong::what).hasMessageContaining("no line 'what'");
    assertThatThrownBy(wrong::caughtBy).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> MutantList.read(null, section -> section))
        .hasMessageContaining("lacks its list");
  }
}
