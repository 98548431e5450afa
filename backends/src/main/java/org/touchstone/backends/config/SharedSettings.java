package org.touchstone.backends.config;

import java.util.List;

/** Settings of the HAL and the services that backends share. */
public final class SharedSettings implements SettingSource {
  /** Backends that are not loaded. */
  public static final SettingKey BACKENDS_EXCLUDE =
      new SettingKey("backends.exclude", "", "names of backends not to probe, separated by commas");

  /** Time limit of one backend's probe. */
  public static final SettingKey PROBE_TIMEOUT =
      new SettingKey("probe.timeout", "10000", "time limit of a backend's probe, milliseconds");

  /** Most workspace of one queue. */
  public static final SettingKey QUEUE_WORKSPACE_MAX =
      new SettingKey("queue.workspace.max", "1g", "most scratch memory of one queue, bytes");

  /** What is recorded about buffers. */
  public static final SettingKey LEAKS =
      new SettingKey(
          "leaks",
          "count",
          "what a report of buffers left open holds: count, or trace for the place");

  /** Folder of everything that is kept between runs. */
  public static final SettingKey CACHE_DIR =
      new SettingKey(
          "cache.dir",
          "",
          "folder of compiled kernels and unpacked libraries; by default touchstone in"
              + " $XDG_CACHE_HOME or ~/.cache");

  /** How large the kernel cache may become. */
  public static final SettingKey CACHE_MAX =
      new SettingKey(
          "cache.max",
          "512m",
          "most bytes of compiled kernels on disk; those not used for longest are deleted first");

  /** Whether the kernel cache is only read. */
  public static final SettingKey CACHE_READONLY =
      new SettingKey("cache.readonly", "false", "whether the kernel cache is read but not written");

  /** The configuration file. */
  public static final SettingKey CONFIG =
      new SettingKey(
          "config",
          "",
          "configuration file; by default touchstone/touchstone.properties in $XDG_CONFIG_HOME or"
              + " ~/.config");

  /** Backends from elsewhere. */
  public static final SettingKey MODULE_PATH =
      new SettingKey(
          "module.path",
          "",
          "jars of further backends, separated by colons; read by the launcher, so as the"
              + " environment variable only");

  /** Created by the service loader. */
  public SharedSettings() {}

  @Override
  public List<SettingKey> settings() {
    return List.of(
        BACKENDS_EXCLUDE,
        CACHE_DIR,
        CACHE_MAX,
        CACHE_READONLY,
        CONFIG,
        LEAKS,
        MODULE_PATH,
        PROBE_TIMEOUT,
        QUEUE_WORKSPACE_MAX);
  }
}
