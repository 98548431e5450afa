package org.touchstone.backends.spi;

import java.util.Optional;
import org.touchstone.api.DeviceInfo;

/**
 * Measures what hardware can do at best, so that a benchmark can say which part of it a kernel
 * reaches. Found by {@link java.util.ServiceLoader}.
 */
public interface LimitProbe {
  /** What limits a kernel. */
  enum Limit {
    /** Bytes per second that all threads read from memory, beyond every cache. */
    MEMORY,
    /** FP32 operations per second; a fused multiply-add is two. */
    F32,
    /**
     * Operations per second on operands of BF16 with FP32 sums, by dot products where the hardware
     * has them, else widened first; a multiply-add is two.
     */
    BF16
  }

  /** Prepares measurements for a device; empty when this probe does not know it. */
  Optional<Meter> open(DeviceInfo device);

  /** Measures again and again. Used by one thread at a time. */
  interface Meter extends AutoCloseable {
    /**
     * Measures for some ten milliseconds.
     *
     * @return bytes or operations per second; empty when the device has no such unit
     */
    Optional<Double> measure(Limit limit);

    @Override
    void close();
  }
}
