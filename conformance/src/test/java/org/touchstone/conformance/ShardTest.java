package org.touchstone.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.conformance.cases.Level;

class ShardTest {
  private static List<String> names(Shard shard) {
    return ConformanceSuite.list(
        ConformanceRequest.builder().op("moe").level(Level.L1).shard(shard).build());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void shardsAreDisjointAndComplete(int count) {
    List<String> all = names(Shard.ALL);
    List<String> parts = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      List<String> part = names(new Shard(i, count));
      assertThat(part.size()).isBetween(all.size() / count, all.size() / count + 1);
      parts.addAll(part);
    }

    assertThat(parts).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(all);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/99999999"})
  void impossibleShardsAreUsageErrors(String text) {
    assertThatThrownBy(() -> Shard.of(text))
        .isInstanceOfSatisfying(
            ConformanceException.class, e -> assertThat(e.exit()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining("shard");
  }

  @Test
  void textAndNumbersAgree() {
    assertThat(Shard.of("2/4")).isEqualTo(new Shard(2, 4)).hasToString("2/4");
  }
}
