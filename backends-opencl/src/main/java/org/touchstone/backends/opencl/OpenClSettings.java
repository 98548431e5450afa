package org.touchstone.backends.opencl;

import java.util.List;
import org.touchstone.backends.config.SettingKey;
import org.touchstone.backends.config.SettingSource;

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

  /** Created by the service loader. */
  public OpenClSettings() {}

  @Override
  public List<SettingKey> settings() {
    return List.of(VARIANT, FAMILY);
  }
}
