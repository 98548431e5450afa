package org.touchstone.tools.experiment;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.DType;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.conformance.cases.DataFamily;
import org.touchstone.conformance.judge.Judge;
import org.touchstone.conformance.judge.Judgement;
import org.touchstone.conformance.run.Session;

/**
 * Runs correct and wrong kernels on random data of many seeds and counts which rules let them pass.
 * {@code main} prints the table of {@code docs/judge.md}; its arguments are the seeds per defect
 * and per correct kernel, 0 to leave them out.
 */
final class JudgeExperiment {
  private final Oracle oracle = Session.findOracle();

  /**
   * How often a kernel passed.
   *
   * @param seeds runs
   * @param rules passes by published rules, on the random family
   * @param random passes by this suite's judge, on the random family
   * @param suite passes by this suite's judge in every family
   */
  record Passes(int seeds, Map<Rule, Integer> rules, int random, int suite) {}

  /** A kernel at a size. */
  record Setting(Kernel kernel, int m, int n, int k) {}

  /** Returns the settings, correct kernels first. */
  static List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    for (Kernel kernel : Kernel.values()) {
      if (kernel.legitimate()) {
        settings.add(new Setting(kernel, 16, 24, 1024));
      } else if (kernel != Kernel.NEVER_PROMOTED && kernel != Kernel.PROMOTED_LATE) {
        settings.add(new Setting(kernel, 64, 96, 1024));
      }
    }
    settings.add(new Setting(Kernel.LEGIT_PROMOTED, 32, 48, 8192));
    settings.add(new Setting(Kernel.LAST_TERM, 32, 48, 8192));
    settings.add(new Setting(Kernel.PROMOTED_LATE, 32, 48, 8192));
    settings.add(new Setting(Kernel.NEVER_PROMOTED, 32, 48, 8192));
    return settings;
  }

  /** Runs one setting. */
  Passes run(Setting setting, int seeds) {
    Map<Rule, Integer> rules = new EnumMap<>(Rule.class);
    int random = 0;
    int suite = 0;
    for (long seed = 1; seed <= seeds; seed++) {
      boolean right = true;
      for (DataFamily family : DataFamily.values()) {
        try (Operands x = new Operands(setting.m, setting.n, setting.k, DType.BF16, family, seed)) {
          double[] output = setting.kernel.output(x);
          Expected.Interval expected = x.expected(setting.kernel.traits(), oracle);
          boolean passed = judge(x, expected, output, setting.kernel.traits());
          if (!passed && setting.kernel.legitimate()) {
            System.err.println("false alarm: " + setting + ", seed " + seed + ", " + family);
          }
          right &= passed;
          if (family == DataFamily.RANDOM) {
            random += passed ? 1 : 0;
            for (Rule rule : Rule.values()) {
              boolean passes = rule.passes(expected.value(), output, setting.k);
              rules.merge(rule, passes ? 1 : 0, Integer::sum);
            }
          }
        }
      }
      suite += right ? 1 : 0;
    }
    return new Passes(seeds, rules, random, suite);
  }

  private static boolean judge(
      Operands x, Expected.Interval expected, double[] output, KernelTraits traits) {
    Judge.Strictness strictness = x.exact() ? Judge.Strictness.EXACT : Judge.Strictness.BOUND;
    Judgement judgement = new Judge(traits).judge("c", expected, x.tensor(output), strictness);
    boolean biased = x.family == DataFamily.RANDOM && judgement.bias().fails();
    return judgement.passed() && !biased;
  }

  /** Renders a row of the page's table. */
  static String row(Setting setting, Passes passes) {
    StringBuilder row = new StringBuilder("| ");
    row.append(setting.kernel.legitimate() ? "correct: " : "wrong: ").append(setting.kernel.title);
    row.append(" | ").append(setting.m).append("×").append(setting.n).append("×").append(setting.k);
    row.append(" | ").append(passes.seeds);
    for (Rule rule : Rule.values()) {
      row.append(" | ").append(passes.rules.getOrDefault(rule, 0));
    }
    return row + " | " + passes.random + " | " + passes.suite + " |";
  }

  static String header() {
    StringBuilder header = new StringBuilder("| kernel | M×N×K | seeds");
    for (Rule rule : Rule.values()) {
      header.append(" | ").append(rule.title);
    }
    header.append(" | this judge, random data | this suite, all families |\n|---|---|---");
    return header + "|---".repeat(Rule.values().length) + "|---|---|";
  }

  /** Prints the table. */
  public static void main(String[] arguments) {
    int wrong = Integer.parseInt(arguments[0]);
    int correct = Integer.parseInt(arguments[1]);
    JudgeExperiment experiment = new JudgeExperiment();
    System.out.println(header());
    for (Setting setting : settings()) {
      int seeds = setting.kernel.legitimate() ? correct : wrong;
      if (seeds == 0) {
        continue;
      }
      int divided = setting.k > 1024 ? Math.max(1, seeds / 4) : seeds;
      System.out.println(row(setting, experiment.run(setting, divided)));
    }
  }
}
