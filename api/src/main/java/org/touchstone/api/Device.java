package org.touchstone.api;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/**
 * An open device. Thread-safe. Closing it closes its queues and reports buffers that were left
 * open.
 */
public interface Device extends AutoCloseable {
  /** Describes the device. */
  DeviceInfo info();

  /** Says whether the device runs a spec, and with which declared numerics; touches no data. */
  Verdict support(OpSpec<?> spec);

  /**
   * Compiles a spec: picks a kernel and tile sizes, builds or loads it.
   *
   * @throws UnsupportedException with the reason that {@link #support} gives
   */
  <A extends Args> Operator<A> prepare(OpSpec<A> spec);

  /**
   * Allocates memory; its content is undefined.
   *
   * @param bytes size, at least 0
   * @throws HalException with {@link ErrorCode#OUT_OF_MEMORY} or {@link ErrorCode#NEGATIVE_SIZE}
   */
  Buffer allocate(long bytes);

  /**
   * Uses host memory in place, for example a mapped checkpoint. The segment must stay alive as long
   * as the buffer.
   *
   * @throws HalException with {@link ErrorCode#UNSUPPORTED} unless {@link DeviceInfo#hostAccess} is
   *     {@code DIRECT}
   */
  Buffer wrap(MemorySegment host);

  /** Opens an in-order queue. */
  Queue openQueue();

  /**
   * Copies a PLAIN tensor of this device into a packed layout. The new tensor owns a new buffer;
   * the source can be closed afterwards.
   */
  Tensor pack(Tensor plain, Layout layout);

  /** Copies a packed tensor back; {@code unpack(pack(x))} is bitwise {@code x}. */
  Tensor unpack(Tensor packed);

  /** Returns what the program holds on the device. */
  MemoryUse memoryUse();

  /** Closes queues and releases the device. Closing twice does nothing. */
  @Override
  void close();
}
