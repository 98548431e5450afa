package org.touchstone.api;

import java.util.List;
import java.util.ServiceLoader;

/**
 * Entry point: finds backends, explains and makes selections, opens devices. Thread-safe.
 *
 * <pre>{@code
 * try (Hal hal = Hal.open();
 *     Device device = hal.select(Selection.require(spec).prefer(DeviceKind.GPU))) {
 *   Operator<GemmArgs> gemm = device.prepare(spec);
 *   try (Queue queue = device.openQueue()) {
 *     gemm.submit(queue, args).join();
 *   }
 * }
 * }</pre>
 */
public interface Hal extends AutoCloseable {
  /** Opens the HAL with the process's configuration. Backends are probed when first needed. */
  static Hal open() {
    return open(HalOptions.DEFAULT);
  }

  /** Opens the HAL with options, which take precedence over the process's configuration. */
  static Hal open(HalOptions options) {
    return ServiceLoader.load(HalFactory.class, Hal.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new HalException(
                    ErrorCode.CONFIGURATION,
                    "no HAL implementation was found; add touchstone-backends to the module path or class path"))
        .open(options);
  }

  /** Says what probing each backend found. */
  List<BackendReport> backends();

  /**
   * Returns every device found, in selection order; devices that are only chosen by name come last.
   */
  List<DeviceInfo> devices();

  /**
   * Says which device a selection would choose, and why not the others. Candidates are opened
   * internally when the selection requires specs, because only an open device knows what it runs.
   */
  Decision explain(Selection selection);

  /**
   * Chooses and opens a device.
   *
   * @throws NoDeviceException when none satisfies the selection
   */
  Device select(Selection selection);

  /**
   * Opens a device by its URI.
   *
   * @throws HalException with {@link ErrorCode#UNKNOWN_DEVICE} when there is none, listing what
   *     there is
   */
  Device device(String uri);

  /** Closes the devices that were opened through this HAL. Closing twice does nothing. */
  @Override
  void close();
}
