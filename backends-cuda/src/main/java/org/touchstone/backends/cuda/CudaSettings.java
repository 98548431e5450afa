package org.touchstone.backends.cuda;

import java.util.List;
import org.touchstone.backends.config.SettingKey;
import org.touchstone.backends.config.SettingSource;

/** Settings of the CUDA backend. */
public final class CudaSettings implements SettingSource {
  /** Who compiles kernels. */
  public static final SettingKey COMPILER =
      new SettingKey(
          "cuda.compiler",
          "auto",
          "who compiles CUDA kernels: driver, from the PTX that ships, or auto for NVRTC where it"
              + " is installed");

  /** Created by the service loader. */
  public CudaSettings() {}

  @Override
  public List<SettingKey> settings() {
    return List.of(COMPILER);
  }
}
