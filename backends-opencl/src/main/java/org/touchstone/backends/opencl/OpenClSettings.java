package org.touchstone.backends.opencl;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.touchstone.backends.config.SettingKey;
import org.touchstone.backends.config.SettingSource;
import org.touchstone.backends.opencl.driver.InstalledDrivers;
import org.touchstone.backends.opencl.driver.Oclgrind;
import org.touchstone.backends.spi.BackendContext;

/** Settings of the OpenCL backend. */
public final class OpenClSettings implements SettingSource {
  /** Which kernels run. */
  public static final SettingKey VARIANT =
      new SettingKey(
          "opencl.variant",
          "auto",
          "which kernels run on OpenCL devices: cpu, gpu, or auto for what the tuning table says");

  /** Whose row of the tuning table is used. */
  public static final SettingKey FAMILY =
      new SettingKey(
          "opencl.family",
          "auto",
          "device family whose row of the OpenCL tuning table is used; auto asks the driver");

  /** Which file holds sizes that were found on a device. */
  public static final SettingKey TUNING =
      new SettingKey(
          "opencl.tuning",
          "auto",
          "file of sizes that touchstone tune found; auto for this user's, off for none");

  /** Sizes that win over every other. */
  public static final SettingKey SIZES =
      new SettingKey(
          "opencl.sizes",
          "",
          "sizes of OpenCL kernels that win over table and file: NAME=VALUE, NAME=VALUE");

  /** Where the checker is. */
  public static final SettingKey OCLGRIND =
      new SettingKey(
          "opencl.oclgrind",
          "auto",
          "the driver of the checker Oclgrind: a path of liboclgrind-rt-icd.so, off, or auto for"
              + " where packages put it");

  /** Returns the library of the checker, where it is installed and not turned off. */
  static Optional<Path> oclgrind(BackendContext context) {
    String setting = context.configuration().setting(OCLGRIND).value().strip();
    return Oclgrind.find(setting, context.nativeLibraries());
  }

  /** Returns where drivers are registered. */
  static InstalledDrivers drivers(BackendContext context) {
    return new InstalledDrivers(context.configuration()::systemVariable);
  }

  /** Created by the service loader. */
  public OpenClSettings() {}

  @Override
  public List<SettingKey> settings() {
    return List.of(VARIANT, FAMILY, TUNING, SIZES, OCLGRIND);
  }
}
