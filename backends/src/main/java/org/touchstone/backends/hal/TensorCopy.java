package org.touchstone.backends.hal;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Memories;

/** A copy between tensors on the host and on the queue's device. */
record TensorCopy(Tensor src, Tensor dst, HalDevice device) implements Submission {
  private static final String COPY = "copy";

  /** Checks both ends. */
  static TensorCopy of(Tensor src, Tensor dst, HalDevice device) {
    requireEnd(src, "src", device);
    requireEnd(dst, "dst", device);
    require(src.dtype() == dst.dtype(), ErrorCode.DTYPE, "dtype", src, dst, device);
    require(src.shape().equals(dst.shape()), ErrorCode.SHAPE, "shape", src, dst, device);
    require(
        src.layout().equals(dst.layout())
            && (src.layout().plain() || src.storageBytes() == dst.storageBytes()),
        ErrorCode.LAYOUT,
        "layout",
        src,
        dst,
        device);
    ArgumentCheck.requireWritable(dst, "dst", COPY, device);
    if ((dst.layout().plain() && !dst.isInjective()) || ArgumentCheck.shareBytes(src, dst)) {
      throw new HalException(
          ErrorCode.OVERLAP,
          dst.isInjective()
              ? "dst shares bytes with src"
              : "the strides of dst let elements share memory: " + dst,
          COPY,
          device.info().uri(),
          "use separate memory",
          null);
    }
    return new TensorCopy(src, dst, device);
  }

  private static void require(
      boolean holds, ErrorCode code, String what, Tensor src, Tensor dst, HalDevice device) {
    if (!holds) {
      throw new HalException(
          code,
          "src and dst differ in " + what + ": " + src + " and " + dst,
          COPY,
          device.info().uri(),
          "a copy converts nothing",
          null);
    }
  }

  private static void requireEnd(Tensor tensor, String end, HalDevice device) {
    ArgumentCheck.requireOpen(tensor, end, COPY, device);
    Device owner = tensor.buffer().device().orElse(null);
    if (owner == null) {
      HostSegments.requireNative(tensor.buffer().host(), device.info().uri());
    } else if (owner != device) {
      throw ArgumentCheck.wrongDevice(tensor, end, COPY, device);
    }
  }

  @Override
  public String operator() {
    return COPY;
  }

  @Override
  public String kernel() {
    return COPY;
  }

  @Override
  public Evidence evidence() {
    return device.info().evidence();
  }

  @Override
  public List<String> notes() {
    return List.of();
  }

  @Override
  public long workspaceBytes() {
    return 0;
  }

  @Override
  public void enqueue(BackendQueue queue, DeviceMemory workspace) {
    boolean onHost = src.buffer().device().isEmpty() && dst.buffer().device().isEmpty();
    if (onHost) {
      // In order: what was submitted before may still write src or read dst.
      queue.record().await();
    }
    StridedRows.of(src, dst)
        .forEach(
            (srcOffset, srcPitch, dstOffset, dstPitch, rowBytes, rows) -> {
              CopyRows copy =
                  new CopyRows(
                      end(src, srcOffset, srcPitch), end(dst, dstOffset, dstPitch), rowBytes, rows);
              if (onHost) {
                copyOnHost(copy);
              } else {
                queue.copy(copy);
              }
            });
  }

  private static CopyRows.End end(Tensor tensor, long offset, long pitch) {
    long start = tensor.byteOffset() + offset;
    return tensor.buffer().device().isEmpty()
        ? new CopyRows.End(null, tensor.buffer().host(), start, pitch)
        : new CopyRows.End(Memories.of(tensor, DeviceMemory.class), null, start, pitch);
  }

  private void copyOnHost(CopyRows copy) {
    MemorySegment from = src.buffer().host();
    MemorySegment to = dst.buffer().host();
    for (long row = 0; row < copy.rows(); row++) {
      MemorySegment.copy(
          from,
          copy.src().offset() + row * copy.src().pitch(),
          to,
          copy.dst().offset() + row * copy.dst().pitch(),
          copy.rowBytes());
    }
  }
}
