package org.touchstone.api;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.touchstone.api.format.DType;

/**
 * A typed, strided view of a {@link Buffer}. Immutable; it owns nothing, so closing the buffer ends
 * it.
 *
 * <p>E2M1 tensors hold two elements per byte along the last dimension, the element with the even
 * index in the low nibble; an odd last extent leaves the last high nibble zero, so rows start at
 * byte boundaries.
 */
public final class Tensor {
  private final Buffer buffer;
  private final DType dtype;
  private final Shape shape;
  private final Strides strides;
  private final long byteOffset;
  private final Layout layout;
  private final long storageBytes;

  private Tensor(
      Buffer buffer,
      DType dtype,
      Shape shape,
      Strides strides,
      long byteOffset,
      Layout layout,
      long storageBytes) {
    this.buffer = buffer;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.byteOffset = byteOffset;
    this.layout = layout;
    this.storageBytes = storageBytes;
    if (byteOffset < 0) {
      throw new HalException(
          ErrorCode.NEGATIVE_SIZE, "byte offset " + byteOffset + " of " + this + " is negative");
    }
    long elementBytes = Math.max(1, dtype.bits() / 8);
    if (byteOffset % elementBytes != 0) {
      throw new HalException(
          ErrorCode.MISALIGNED,
          "byte offset "
              + byteOffset
              + " of "
              + this
              + " is no multiple of the element size "
              + elementBytes);
    }
    if (storageBytes > buffer.bytes() - byteOffset) {
      throw new HalException(
          ErrorCode.OUT_OF_BOUNDS,
          this
              + " needs "
              + storageBytes
              + " bytes from offset "
              + byteOffset
              + ", the buffer has "
              + buffer.bytes());
    }
  }

  /** Creates a view. PLAIN only; packed tensors come from {@link Device#pack}. */
  public static Tensor of(
      Buffer buffer, DType dtype, Shape shape, Strides strides, long byteOffset, Layout layout) {
    if (!layout.plain()) {
      throw new HalException(
          ErrorCode.LAYOUT,
          "layout " + layout + " is a packed layout; make the tensor with Device.pack");
    }
    return new Tensor(
        buffer, dtype, shape, strides, byteOffset, layout, spanBytes(dtype, shape, strides));
  }

  /** Creates a dense row-major view at the start of a buffer. */
  public static Tensor of(Buffer buffer, DType dtype, Shape shape) {
    return of(buffer, dtype, shape, 0);
  }

  /** Creates a dense row-major view. */
  public static Tensor of(Buffer buffer, DType dtype, Shape shape, long byteOffset) {
    return of(buffer, dtype, shape, denseStrides(dtype, shape), byteOffset, Layout.PLAIN);
  }

  /**
   * Creates a tensor in a backend's packed layout; for backends, programs use {@link Device#pack}.
   */
  public static Tensor packed(
      Buffer buffer, DType dtype, Shape shape, long byteOffset, Layout layout, long storageBytes) {
    return new Tensor(
        buffer, dtype, shape, denseStrides(dtype, shape), byteOffset, layout, storageBytes);
  }

  /** Returns the bytes of a dense row-major tensor. */
  public static long denseBytes(DType dtype, Shape shape) {
    return spanBytes(dtype, shape, denseStrides(dtype, shape));
  }

  private static Strides denseStrides(DType dtype, Shape shape) {
    if (dtype.bits() >= 8 || shape.rank() == 0 || shape.dim(-1) % 2 == 0) {
      return Strides.contiguous(shape);
    }
    long[] padded = shape.dims();
    padded[padded.length - 1] = Math.addExact(padded[padded.length - 1], 1);
    return Strides.contiguous(Shape.of(padded));
  }

  private static long spanBytes(DType dtype, Shape shape, Strides strides) {
    if (strides.rank() != shape.rank()) {
      throw new HalException(
          ErrorCode.STRIDES, "strides " + strides + " have another rank than shape " + shape);
    }
    if (shape.elements() == 0) {
      return 0;
    }
    try {
      long last = 0;
      for (int i = 0; i < shape.rank(); i++) {
        last = Math.addExact(last, Math.multiplyExact(shape.dim(i) - 1, strides.step(i)));
      }
      if (dtype.bits() < 8) {
        requireByteRows(dtype, shape, strides);
      }
      return dtype.bytesFor(Math.addExact(last, 1));
    } catch (ArithmeticException e) {
      throw new HalException(
          ErrorCode.SIZE_OVERFLOW,
          "shape " + shape + " with strides " + strides + " reaches beyond 2^63-1 bytes",
          null,
          null,
          "split the tensor",
          e);
    }
  }

  private static void requireByteRows(DType dtype, Shape shape, Strides strides) {
    for (int i = 0; i < shape.rank(); i++) {
      boolean innermost = i == shape.rank() - 1;
      long step = strides.step(i);
      if (shape.dim(i) > 1 && (innermost ? step != 1 : step % 2 != 0)) {
        throw new HalException(
            ErrorCode.STRIDES,
            dtype
                + " rows start at byte boundaries: strides "
                + strides
                + " need 1 in the last place and even steps elsewhere");
      }
    }
  }

  /** Returns the memory. */
  public Buffer buffer() {
    return buffer;
  }

  /** Returns the element type. */
  public DType dtype() {
    return dtype;
  }

  /** Returns the extents. */
  public Shape shape() {
    return shape;
  }

  /** Returns an extent; negative indices count from the end. */
  public long dim(int index) {
    return shape.dim(index);
  }

  /** Returns the distances between neighbours, in elements. */
  public Strides strides() {
    return strides;
  }

  /** Returns where the first element lies, in bytes from the buffer's start. */
  public long byteOffset() {
    return byteOffset;
  }

  /** Returns the layout. */
  public Layout layout() {
    return layout;
  }

  /** Returns the bytes from the first to the last element, gaps included. */
  public long storageBytes() {
    return storageBytes;
  }

  /** Returns whether the elements lie without gaps in row-major order. */
  public boolean isDense() {
    long expected = 1;
    for (int i = shape.rank() - 1; i >= 0; i--) {
      if (shape.dim(i) != 1 && shape.elements() != 0 && strides.step(i) != expected) {
        return false;
      }
      long extent = shape.dim(i);
      expected *= i == shape.rank() - 1 && dtype.bits() < 8 ? extent + (extent & 1) : extent;
    }
    return true;
  }

  /** Returns whether the innermost dimension has unit stride. */
  public boolean hasUnitInnerStride() {
    return shape.rank() == 0
        || shape.elements() == 0
        || shape.dim(-1) == 1
        || strides.step(-1) == 1;
  }

  /** Returns whether no two index tuples share an element. */
  public boolean isInjective() {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      if (shape.dim(i) > 1) {
        order.add(i);
      }
    }
    if (shape.elements() == 0) {
      return true;
    }
    order.sort(Comparator.comparingLong(strides::step));
    long reach = 0;
    for (int i : order) {
      if (strides.step(i) <= reach) {
        return false;
      }
      reach += (shape.dim(i) - 1) * strides.step(i);
    }
    return true;
  }

  /**
   * Returns the sub-tensor with indices {@code from} (inclusive) to {@code to} (exclusive) of one
   * dimension.
   */
  public Tensor slice(int dimension, long from, long to) {
    requirePlain("slice");
    if (from < 0 || to < from || to > shape.dim(dimension)) {
      throw new HalException(
          ErrorCode.OUT_OF_BOUNDS,
          "slice " + from + ".." + to + " of dimension " + dimension + " leaves " + this);
    }
    long[] dims = shape.dims();
    dims[dimension < 0 ? dims.length + dimension : dimension] = to - from;
    // An empty slice at the end of a strided tensor would start beyond the buffer.
    long elements = from == to ? 0 : from * strides.step(dimension);
    if (dtype.bits() < 8 && elements % 2 != 0) {
      throw new HalException(
          ErrorCode.MISALIGNED,
          "slice of " + this + " at element " + from + " does not start at a byte");
    }
    long offset = shape.elements() == 0 ? 0 : dtype.bytesFor(elements);
    return of(buffer, dtype, Shape.of(dims), strides, byteOffset + offset, layout);
  }

  /** Returns a dense tensor's elements under another shape. */
  public Tensor reshape(long... dims) {
    requirePlain("reshape");
    Shape target = Shape.of(dims);
    if (!isDense() || target.elements() != shape.elements()) {
      throw new HalException(
          ErrorCode.SHAPE,
          "reshape needs a dense tensor with as many elements: " + this + " to " + target);
    }
    return of(buffer, dtype, target, byteOffset);
  }

  private void requirePlain(String what) {
    if (!layout.plain()) {
      throw new HalException(ErrorCode.LAYOUT, what + " needs a PLAIN tensor, this is " + this);
    }
  }

  /** Returns whether the byte ranges of the two tensors meet in one buffer. */
  public boolean overlaps(Tensor other) {
    return buffer.equals(other.buffer)
        && storageBytes > 0
        && other.storageBytes > 0
        && byteOffset < other.byteOffset + other.storageBytes
        && other.byteOffset < byteOffset + storageBytes;
  }

  /** Returns whether both are exactly the same view. */
  public boolean sameView(Tensor other) {
    return buffer.equals(other.buffer)
        && dtype == other.dtype
        && byteOffset == other.byteOffset
        && layout.equals(other.layout)
        && shape.equals(other.shape)
        && strides.equals(other.strides);
  }

  /** Renders as {@code BF16[4, 128]}, with strides and layout when they are not the plain ones. */
  @Override
  public String toString() {
    String text = dtype.toString() + shape;
    if (!layout.plain()) {
      return text + " " + layout;
    }
    return strides.rank() != shape.rank() || isDense() ? text : text + " strides " + strides;
  }
}
