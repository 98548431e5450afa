package org.touchstone.conformance.run;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Layout;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Slot.StrideRule;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.host.Rows;
import org.touchstone.conformance.cases.Placement;

/**
 * A tensor on a device in a buffer of its own, with guards before and behind it and poison in the
 * gaps between its rows. The whole buffer is uploaded and downloaded, so everything around the
 * elements can be compared.
 */
final class Canvas implements AutoCloseable {
  /** Guard before the first element; a multiple of every alignment that devices guarantee. */
  private static final long HEAD = 512;

  private static final long TAIL = 512;
  private static final long GAP_ELEMENTS = 24;

  private final Buffer buffer;
  private final Tensor tensor;
  private final Tensor bytes;

  private Canvas(Buffer buffer, Tensor tensor) {
    this.buffer = buffer;
    this.tensor = tensor;
    this.bytes = Tensor.of(buffer, DType.U8, Shape.of(buffer.bytes()));
  }

  /** Allocates a canvas for a tensor. */
  static Canvas of(Device device, DType dtype, Shape shape, StrideRule rule, Placement placement) {
    Strides strides = strides(dtype, shape, rule, placement);
    long elementBytes = Math.max(1, dtype.bits() / 8);
    long offset = HEAD + (placement == Placement.OFFSET ? elementBytes : 0);
    long span = span(dtype, shape, strides);
    // The tail begins right behind the last element; the total stays a multiple of 8 bytes.
    long total = Math.ceilDiv(offset + span + TAIL, 8) * 8;
    Buffer buffer = device.allocate(total);
    try {
      return new Canvas(buffer, Tensor.of(buffer, dtype, shape, strides, offset, Layout.PLAIN));
    } catch (RuntimeException e) {
      buffer.close();
      throw e;
    }
  }

  private static Strides strides(DType dtype, Shape shape, StrideRule rule, Placement placement) {
    long[] padded = shape.dims();
    boolean gaps = placement == Placement.GAPS && rule == StrideRule.ROWS;
    if (padded.length > 0) {
      long last = padded[padded.length - 1];
      long even = dtype.bits() < 8 ? last + (last & 1) : last;
      padded[padded.length - 1] = gaps && padded.length > 1 ? even + GAP_ELEMENTS : even;
    }
    return Strides.contiguous(Shape.of(padded));
  }

  private static long span(DType dtype, Shape shape, Strides strides) {
    if (shape.elements() == 0) {
      return 0;
    }
    long last = 0;
    for (int i = 0; i < shape.rank(); i++) {
      last += (shape.dim(i) - 1) * strides.step(i);
    }
    return dtype.bytesFor(last + 1);
  }

  /** Returns the tensor on the device. */
  Tensor tensor() {
    return tensor;
  }

  /** Makes an image whose elements and surroundings are poison. */
  MemorySegment poisoned(Arena arena) {
    MemorySegment image = arena.allocate(buffer.bytes(), 64);
    // Elements start at a multiple of 2 bytes of the pattern, also behind an odd offset of 4.
    Poison.fill(image, tensor.dtype());
    return image;
  }

  /** Makes an image with the given elements, poison around them. */
  MemorySegment image(Arena arena, Tensor dense) {
    MemorySegment image = poisoned(arena);
    copyRows(dense, onto(image));
    return image;
  }

  private Tensor onto(MemorySegment image) {
    return Tensor.of(
        Buffer.ofHost(image),
        tensor.dtype(),
        tensor.shape(),
        tensor.strides(),
        tensor.byteOffset(),
        Layout.PLAIN);
  }

  /** Copies elements between host tensors of one shape and dtype, at least one of them dense. */
  private static void copyRows(Tensor from, Tensor to) {
    boolean gather = to.isDense();
    long bits = from.dtype().bits();
    MemorySegment source = from.buffer().host();
    MemorySegment target = to.buffer().host();
    long[] next = {gather ? to.byteOffset() : from.byteOffset()};
    Rows.of(
        gather ? from : to,
        (element, count, step) -> {
          long length = Math.ceilDiv(count * bits, 8);
          long at = element * bits / 8;
          if (gather) {
            MemorySegment.copy(source, from.byteOffset() + at, target, next[0], length);
          } else {
            MemorySegment.copy(source, next[0], target, to.byteOffset() + at, length);
          }
          next[0] += length;
        });
  }

  /** Replaces the content of the whole buffer. */
  void upload(Queue queue, MemorySegment image) {
    queue.copy(Tensor.of(Buffer.ofHost(image), DType.U8, bytes.shape()), bytes).join();
  }

  /** Returns the content of the whole buffer. */
  MemorySegment download(Queue queue, Arena arena) {
    MemorySegment image = arena.allocate(buffer.bytes(), 64);
    queue.copy(bytes, Tensor.of(Buffer.ofHost(image), DType.U8, bytes.shape())).join();
    return image;
  }

  /** Returns the elements of an image as a dense host tensor. */
  Tensor elements(Arena arena, MemorySegment image) {
    Tensor dense = HostTensors.allocate(arena, tensor.dtype(), tensor.shape().dims());
    copyRows(onto(image), dense);
    return dense;
  }

  /** Says what differs from the uploaded image; for a tensor that is only read. */
  static Optional<String> changed(MemorySegment uploaded, MemorySegment now) {
    long at = uploaded.mismatch(now);
    return at < 0
        ? Optional.empty()
        : Optional.of(
            "byte "
                + at
                + " of the buffer changed from "
                + hex(uploaded, at)
                + " to "
                + hex(now, at));
  }

  /** Says what differs outside the elements; for a tensor that is written. */
  Optional<String> damaged(Arena arena, MemorySegment uploaded, MemorySegment now) {
    MemorySegment expected = arena.allocate(buffer.bytes(), 64).copyFrom(uploaded);
    copyRows(elements(arena, now), onto(expected));
    long at = expected.mismatch(now);
    if (at < 0) {
      return Optional.empty();
    }
    long end = tensor.byteOffset() + tensor.storageBytes();
    String where =
        at < tensor.byteOffset()
            ? (tensor.byteOffset() - at) + " bytes before its first element"
            : at >= end ? (at - end) + " bytes behind its last element" : "between its rows";
    return Optional.of("wrote " + where + ": " + hex(now, at));
  }

  private static String hex(MemorySegment memory, long at) {
    return String.format("0x%02x", memory.get(ValueLayout.JAVA_BYTE, at));
  }

  @Override
  public void close() {
    buffer.close();
  }
}
