package org.touchstone.backends.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * Copies {@code rows} rows of {@code rowBytes} bytes ({@code CUDA_MEMCPY2D}).
 *
 * @param src where the rows come from
 * @param dst where they go
 * @param rowBytes bytes of a row without its gap
 * @param rows number of rows
 */
public record Copy2d(End src, End dst, long rowBytes, long rows) {
  /** One end of the copy. */
  public sealed interface End {
    /** Returns the bytes from one row to the next. */
    long pitch();
  }

  /**
   * Device memory.
   *
   * @param pointer first byte of the first row
   * @param pitch bytes from one row to the next
   */
  public record OnDevice(DevicePointer pointer, long pitch) implements End {}

  /**
   * Native host memory; it has to stay alive until the copy is done.
   *
   * @param segment its first byte is the first byte of the first row
   * @param pitch bytes from one row to the next
   */
  public record OnHost(MemorySegment segment, long pitch) implements End {}
}
