package org.touchstone.tools.model.inference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;

/**
 * The integers that steer one program: token ids, positions, cache slots, lengths. They lie in one
 * block of host memory, which a single copy brings to the device.
 */
final class Control implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment host;
  private final Buffer deviceBuffer;
  private final Tensor source;
  private final Tensor target;
  private final Batch batch;
  private final long ids;
  private final long positions;
  private final long slots;
  private final long bounds;
  private final long lengths;
  private final long table;
  private final long uniform;

  Control(Device device, Batch batch) {
    this.batch = batch;
    long tokens = batch.tokens();
    long end = 0;
    ids = end;
    end = align(end + Integer.BYTES * tokens);
    positions = end;
    end = align(end + Integer.BYTES * tokens);
    slots = end;
    end = align(end + Long.BYTES * tokens);
    bounds = end;
    end = align(end + Integer.BYTES * (batch.sequences() + 1L));
    lengths = end;
    end = align(end + (long) Integer.BYTES * batch.sequences());
    table = end;
    end = align(end + (long) Integer.BYTES * batch.sequences() * batch.pages());
    uniform = end;
    end = align(end + Float.BYTES);
    host = arena.allocate(end, ALIGNMENT);
    deviceBuffer = device.allocate(end);
    source = Tensor.of(Buffer.ofHost(host), DType.U8, Shape.of(end));
    target = Tensor.of(deviceBuffer, DType.U8, Shape.of(end));
  }

  private static long align(long offset) {
    return Math.ceilDiv(offset, ALIGNMENT) * ALIGNMENT;
  }

  void token(long index, int id, int position, long slot) {
    host.set(ValueLayout.JAVA_INT, ids + Integer.BYTES * index, id);
    host.set(ValueLayout.JAVA_INT, positions + Integer.BYTES * index, position);
    host.set(ValueLayout.JAVA_LONG, slots + Long.BYTES * index, slot);
  }

  void bound(long sequence, int tokensBefore) {
    host.set(ValueLayout.JAVA_INT, bounds + Integer.BYTES * sequence, tokensBefore);
  }

  void length(long sequence, int keys) {
    host.set(ValueLayout.JAVA_INT, lengths + Integer.BYTES * sequence, keys);
  }

  void page(long sequence, long index, int page) {
    host.set(
        ValueLayout.JAVA_INT, table + Integer.BYTES * (sequence * batch.pages() + index), page);
  }

  void uniform(float variate) {
    host.set(ValueLayout.JAVA_FLOAT, uniform, variate);
  }

  /** Brings the block to the device; the host block must not change before the queue has run. */
  void upload(Queue queue) {
    queue.copy(source, target);
  }

  Tensor ids() {
    return ints(ids, batch.tokens());
  }

  Tensor positions() {
    return ints(positions, batch.tokens());
  }

  Tensor slots() {
    return Tensor.of(deviceBuffer, DType.I64, Shape.of(batch.tokens()), slots);
  }

  Tensor bounds() {
    return ints(bounds, batch.sequences() + 1L);
  }

  Tensor lengths() {
    return ints(lengths, batch.sequences());
  }

  Tensor table() {
    return Tensor.of(deviceBuffer, DType.I32, Shape.of(batch.sequences(), batch.pages()), table);
  }

  Tensor uniform() {
    return Tensor.of(deviceBuffer, DType.F32, Shape.of(1), uniform);
  }

  private Tensor ints(long offset, long count) {
    return Tensor.of(deviceBuffer, DType.I32, Shape.of(count), offset);
  }

  @Override
  public void close() {
    deviceBuffer.close();
    arena.close();
  }
}
