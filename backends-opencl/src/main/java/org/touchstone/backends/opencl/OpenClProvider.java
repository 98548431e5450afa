package org.touchstone.backends.opencl;

import java.nio.file.Path;
import java.util.Optional;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/** Says that this build has no OpenCL kernels, and whether the machine has what they would need. */
public final class OpenClProvider implements BackendProvider {
  /** What the OpenCL loader is called on Linux and on Windows. */
  private static final String[] LIBRARIES = {"libOpenCL.so.1", "OpenCL.dll"};

  /** Created by the service loader. */
  public OpenClProvider() {}

  @Override
  public BackendDescription description() {
    return new BackendDescription("opencl", "0.1.0", 1, 1, "any accelerator that speaks OpenCL");
  }

  @Override
  public Probe probe(BackendContext context) {
    Optional<Path> library = Optional.empty();
    for (String name : LIBRARIES) {
      library = library.or(() -> context.nativeLibraries().findSystemLibrary(name));
    }
    String found =
        library
            .map(path -> "the OpenCL loader was found at " + path)
            .orElse("the OpenCL loader " + LIBRARIES[0] + " was not found either");
    return new Probe.Absent(
        Reason.of(ReasonCode.NOT_IN_THIS_BUILD, "this build has no OpenCL kernels; " + found));
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    throw new HalException(
        ErrorCode.UNKNOWN_DEVICE,
        "this build has no OpenCL device",
        null,
        device.uri(),
        "choose another device",
        null);
  }
}
