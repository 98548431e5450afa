package org.touchstone.backends.cuda.driver;

import java.util.Optional;
import org.touchstone.backends.cuda.driver.CudaDriver.Stream;

/**
 * How a kernel is launched ({@code CUlaunchConfig}).
 *
 * @param grid blocks
 * @param block threads of a block
 * @param dynamicSharedBytes dynamic shared memory of a block
 * @param stream where the launch is enqueued
 * @param cluster blocks of a cluster, for devices that have clusters
 * @param start whether blocks may start before the previous kernel of the stream has ended
 */
public record LaunchConfig(
    Dim3 grid,
    Dim3 block,
    int dynamicSharedBytes,
    Stream stream,
    Optional<Dim3> cluster,
    Start start) {
  /** When the blocks of a launch may start. */
  public enum Start {
    /** When the previous work of the stream has ended. */
    AFTER_PREVIOUS,
    /** When the previous kernel allows it (programmatic stream serialization). */
    PROGRAMMATIC
  }

  /** Returns a configuration without a cluster, in stream order. */
  public static LaunchConfig of(Dim3 grid, Dim3 block, int dynamicSharedBytes, Stream stream) {
    return new LaunchConfig(
        grid, block, dynamicSharedBytes, stream, Optional.empty(), Start.AFTER_PREVIOUS);
  }
}
