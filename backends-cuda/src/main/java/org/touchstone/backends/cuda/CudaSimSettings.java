package org.touchstone.backends.cuda;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.config.SettingKey;
import org.touchstone.backends.config.SettingSource;
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

  /** Created by the service loader. */
  public CudaSimSettings() {}

  @Override
  public List<SettingKey> settings() {
    return List.of(SEED, ACCUMULATOR);
  }

  /** Returns the options with what somebody set. */
  static Options apply(Options options, Configuration configuration) {
    String seed = configuration.setting(SEED).value().strip();
    Options scheduled = seed.isEmpty() ? options : options.with(Schedule.adversarial(number(seed)));
    return configuration
        .text(ACCUMULATOR.name())
        .map(name -> scheduled.with(accumulator(name.strip())))
        .orElse(scheduled);
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
