package org.touchstone.backends.cuda.sim.cli;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.cuda.sim.exec.Checks;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Schedule;

/**
 * A parsed command line.
 *
 * @param kernel empty to list the kernels
 * @param arguments as written after {@code --arg}
 */
record Request(
    String file,
    String kernel,
    DeviceProfile profile,
    LaunchConfig config,
    Options options,
    List<String> arguments) {

  /**
   * Parses a command line.
   *
   * @throws IllegalArgumentException naming the argument that is wrong
   */
  static Request parse(List<String> words) {
    String file = "";
    String kernel = "";
    String device = "sm_89";
    int[] grid = {1, 1, 1};
    int[] block = {32, 1, 1};
    int shared = 0;
    Options options = Options.DEFAULT;
    List<String> arguments = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("--metrics")) {
        options = options.with(Options.Metrics.ON);
        continue;
      }
      if (!word.startsWith("--")) {
        if (!file.isEmpty()) {
          throw new IllegalArgumentException("unexpected argument " + word + ", there is one file");
        }
        file = word;
        continue;
      }
      if (i + 1 == words.size()) {
        throw new IllegalArgumentException(word + " needs a value, or is unknown; see --help");
      }
      String value = words.get(++i);
      switch (word) {
        case "--kernel" -> kernel = value;
        case "--device" -> device = value;
        case "--grid" -> grid = extents(word, value);
        case "--block" -> block = extents(word, value);
        case "--shared" -> shared = number(word, value);
        case "--arg" -> arguments.add(value);
        case "--seed" -> options = options.with(Schedule.adversarial(number(word, value)));
        case "--checks" -> options = options.with(checks(value));
        case "--accumulator" -> options = options.with(accumulator(value));
        case "--workers" -> options = options.withWorkers(number(word, value));
        default -> throw new IllegalArgumentException("unknown option " + word + "; see --help");
      }
    }
    if (file.isEmpty()) {
      throw new IllegalArgumentException("no PTX file; see --help");
    }
    String target = device;
    DeviceProfile profile =
        DeviceProfile.of(device)
            .orElseThrow(() -> new IllegalArgumentException("unknown device " + target));
    LaunchConfig config =
        new LaunchConfig(grid[0], grid[1], grid[2], block[0], block[1], block[2], shared);
    return new Request(file, kernel, profile, config, options, List.copyOf(arguments));
  }

  private static int number(String option, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(option + " needs a whole number, got " + value, e);
    }
  }

  private static int[] extents(String option, String value) {
    int[] out = {1, 1, 1};
    String[] parts = value.split(",", -1);
    if (parts.length > out.length) {
      throw new IllegalArgumentException(option + " takes up to three numbers, got " + value);
    }
    for (int i = 0; i < parts.length; i++) {
      out[i] = number(option, parts[i]);
    }
    return out;
  }

  private static Checks checks(String value) {
    return switch (value) {
      case "all" -> Checks.ALL;
      case "none" -> Checks.NONE;
      default -> throw new IllegalArgumentException("--checks is all or none, got " + value);
    };
  }

  private static Accumulator accumulator(String value) {
    return switch (value) {
      case "exact" -> Accumulator.EXACT_FP32;
      case "truncating" -> Accumulator.TRUNCATING_13_BIT;
      default ->
          throw new IllegalArgumentException("--accumulator is exact or truncating, got " + value);
    };
  }
}
