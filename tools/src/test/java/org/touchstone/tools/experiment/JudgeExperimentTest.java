package org.touchstone.tools.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.tools.experiment.JudgeExperiment.Passes;
import org.touchstone.tools.experiment.JudgeExperiment.Setting;

/** What docs/judge.md claims, with fewer seeds. */
class JudgeExperimentTest {
  private static final Path PAGE = Path.of("..", "docs", "judge.md");

  static List<Setting> settings() {
    return JudgeExperiment.settings();
  }

  private static Map<String, List<String>> table() throws Exception {
    return Files.readAllLines(PAGE).stream()
        .filter(line -> line.startsWith("| correct: ") || line.startsWith("| wrong: "))
        .map(line -> Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
        .collect(Collectors.toMap(cells -> cells.get(1) + " " + cells.get(2), cells -> cells));
  }

  private static String key(Setting setting) {
    String kind = setting.kernel().legitimate() ? "correct: " : "wrong: ";
    String size = setting.m() + "×" + setting.n() + "×" + setting.k();
    return kind + setting.kernel().title + " " + size;
  }

  @ParameterizedTest
  @MethodSource("settings")
  void everyDefectIsCaughtAndNothingElse(Setting setting) throws Exception {
    int seeds = setting.k() > 1024 ? 1 : setting.kernel().legitimate() ? 8 : 2;
    Passes passes = new JudgeExperiment().run(setting, seeds);
    assertThat(passes.suite())
        .as("passes of %s in %d seeds", setting, seeds)
        .isEqualTo(setting.kernel().legitimate() ? seeds : 0);

    // What the page says was always or never so is so here, too.
    Map<String, List<String>> table = table();
    assertThat(table).as("rows of docs/judge.md").containsKey(key(setting));
    List<String> cells = table.getOrDefault(key(setting), List.of());
    String all = cells.get(3);
    int column = 4;
    for (Rule rule : Rule.values()) {
      String passed = cells.get(column++);
      if (passed.equals(all) || passed.equals("0")) {
        assertThat(passes.rules().get(rule))
            .as("passes of %s by %s in %d seeds", setting, rule, seeds)
            .isEqualTo(passed.equals("0") ? 0 : seeds);
      }
    }
  }

  @Test
  void thePageClaimsWhatTheSuitePromises() throws Exception {
    Map<String, List<String>> table = table();
    assertThat(table.keySet())
        .containsExactlyInAnyOrderElementsOf(
            settings().stream().map(JudgeExperimentTest::key).toList());
    table.forEach(
        (name, cells) -> {
          String seeds = cells.get(3);
          boolean correct = name.startsWith("correct: ");
          assertThat(cells.get(cells.size() - 2)).as(name).isEqualTo(correct ? seeds : "0");
        });
    assertThat(
            table.entrySet().stream()
                .filter(row -> row.getKey().startsWith("correct: "))
                .mapToInt(row -> Integer.parseInt(row.getValue().get(3)))
                .sum())
        .as("seeds without a false alarm")
        .isGreaterThanOrEqualTo(1000);
  }
}
