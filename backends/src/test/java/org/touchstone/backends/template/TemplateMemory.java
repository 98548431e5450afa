package org.touchstone.backends.template;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/** Allocates memory of the device. Thread-safe. */
final class TemplateMemory implements MemorySource {
  /**
   * Returns a class of this backend that holds the native handle, and maps the driver's "no memory
   * left" to {@link ErrorCode#OUT_OF_MEMORY}.
   */
  @Override
  public DeviceMemory allocate(long bytes) {
    throw new HalException(
        ErrorCode.OUT_OF_MEMORY,
        "the device has no memory, asked for " + bytes + " bytes",
        null,
        null,
        "implement the allocation",
        null);
  }

  /** Serves devices whose memory is the host's; every other device refuses. */
  @Override
  public DeviceMemory wrap(MemorySegment host) {
    throw new HalException(
        ErrorCode.UNSUPPORTED,
        "the device does not work on host memory in place",
        null,
        null,
        "copy with Queue.copy",
        null);
  }
}
