package org.touchstone.backends.cuda;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.config.SettingKey;
import org.touchstone.backends.config.SettingSource;
import org.touchstone.backends.cuda.sim.driver.SimDriver;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Schedule;

/** Settings of the simulated GPUs. */
public final class CudaSimSettings implements SettingSource {
  /** The order in which warps run. */
  public static final SettingKey SEED =
      new SettingKey(
          "cuda-sim.seed",
          "",
          "seed of the order in which simulated GPUs run warps, copies and streams; empty for the"
              + " deterministic one");

  /** How tensor cores add. */
  public static final SettingKey ACCUMULATOR =
      new SettingKey(
          "cuda-sim.accumulator",
          "exact_fp32",
          "how tensor cores of simulated GPUs add: exact_fp32, or truncating_13_bit for FP8");

  /** Where memory transactions are counted. */
  public static final SettingKey METRICS =
      new SettingKey(
          "cuda-sim.metrics",
          "",
          "file to which simulated GPUs append shared-memory wavefronts and global sectors of every"
              + " launch; empty for none");

  /** Created by the service loader. */
  public CudaSimSettings() {}

  @Override
  public List<SettingKey> settings() {
    return List.of(SEED, ACCUMULATOR, METRICS);
  }

  /** Returns the options with what somebody set. */
  static Options apply(Options options, Configuration configuration) {
    String seed = configuration.setting(SEED).value().strip();
    Options counted =
        configuration.setting(METRICS).value().isBlank()
            ? options
            : options.with(Options.Metrics.ON);
    Options scheduled = seed.isEmpty() ? counted : counted.with(Schedule.adversarial(number(seed)));
    return configuration
        .text(ACCUMULATOR.name())
        .map(name -> scheduled.with(accumulator(name.strip())))
        .orElse(scheduled);
  }

  /** Returns who is told of launches. */
  static SimDriver.Listener listener(Configuration configuration) {
    String file = configuration.setting(METRICS).value().strip();
    return file.isEmpty() ? report -> {} : new SimMetrics(Path.of(file));
  }

  private static long number(String seed) {
    try {
      return Long.parseLong(seed);
    } catch (NumberFormatException e) {
      throw illegal(SEED, seed, "an integer");
    }
  }

  private static Accumulator accumulator(String name) {
    return Arrays.stream(Accumulator.values())
        .filter(accumulator -> accumulator.name().toLowerCase(Locale.ROOT).equals(name))
        .findFirst()
        .orElseThrow(() -> illegal(ACCUMULATOR, name, "exact_fp32 or truncating_13_bit"));
  }

  private static HalException illegal(SettingKey key, String value, String expected) {
    return new HalException(
        ErrorCode.CONFIGURATION, key.property() + " is '" + value + "', expected " + expected);
  }
}
