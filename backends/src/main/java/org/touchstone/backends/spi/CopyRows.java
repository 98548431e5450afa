package org.touchstone.backends.spi;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies {@code rows} rows of {@code rowBytes} bytes. At least one end is device memory; pitches
 * are at least {@code rowBytes}, rows and bytes at least 1.
 *
 * @param src source
 * @param dst destination
 * @param rowBytes bytes per row, without gaps
 * @param rows number of rows
 */
public record CopyRows(End src, End dst, long rowBytes, long rows) {
  /**
   * One end of a copy: exactly one of {@code memory} and {@code host} is given.
   *
   * @param memory device memory, or null
   * @param host host memory, or null
   * @param offset first byte
   * @param pitch bytes from one row to the next
   */
  public record End(
      @Nullable DeviceMemory memory, @Nullable MemorySegment host, long offset, long pitch) {}
}
