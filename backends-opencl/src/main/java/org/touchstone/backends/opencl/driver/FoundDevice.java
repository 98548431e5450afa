package org.touchstone.backends.opencl.driver;

import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * A device that a platform reports.
 *
 * @param slug short name of the platform, unique in this process
 * @param index number of the device within its platform
 * @param facts what the driver says of it
 * @param platform handle of the platform
 * @param device handle of the device; root devices need no release
 */
public record FoundDevice(
    String slug, int index, DeviceFacts facts, cl_platform_id platform, cl_device_id device) {
  /** Returns the stable name, for example {@code opencl://pocl/0}. */
  public String uri() {
    return "opencl://" + slug + "/" + index;
  }
}
