package org.touchstone.tools.model.inference;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.tools.model.Blueprint;

/**
 * Keys and values of one sequence in pages, for every layer. The pages of a sequence are handed out
 * from the last to the first, so that nothing works by accident that ignores the block table.
 */
final class KvCache implements AutoCloseable {
  private final List<Buffer> buffers = new ArrayList<>();
  private final List<Tensor> first = new ArrayList<>();
  private final List<Tensor> second = new ArrayList<>();
  private final int pages;
  private final int pageSize;

  /**
   * Allocates a cache.
   *
   * @param maxTokens tokens that it can hold, rounded up to whole pages
   */
  KvCache(Device device, Blueprint blueprint, int maxTokens) {
    KvCacheWriteSpec any = blueprint.layers().getFirst().attention().cacheWrite();
    this.pageSize = Math.toIntExact(any.pageSize());
    this.pages = Math.ceilDiv(maxTokens, pageSize);
    for (Blueprint.Layer layer : blueprint.layers()) {
      KvCacheWriteSpec spec = layer.attention().cacheWrite();
      if (spec.kind() == KvCacheWriteSpec.Kind.LATENT) {
        first.add(
            tensor(
                device, spec.cache(), Shape.of(pages, pageSize, spec.keyDim() + spec.valueDim())));
      } else {
        first.add(
            tensor(device, spec.cache(), Shape.of(pages, pageSize, spec.kvHeads(), spec.keyDim())));
        second.add(
            tensor(
                device, spec.cache(), Shape.of(pages, pageSize, spec.kvHeads(), spec.valueDim())));
      }
    }
  }

  private Tensor tensor(Device device, DType dtype, Shape shape) {
    Buffer buffer = device.allocate(Tensor.denseBytes(dtype, shape));
    buffers.add(buffer);
    return Tensor.of(buffer, dtype, shape);
  }

  /** Returns the entries of the block table. */
  int pages() {
    return pages;
  }

  /** Returns the physical page of a place in the block table. */
  int page(int index) {
    return pages - 1 - index;
  }

  /** Returns the slot of a position. */
  long slot(int position) {
    return (long) page(position / pageSize) * pageSize + position % pageSize;
  }

  /** Returns the latent cache of a layer. */
  Tensor latent(int layer) {
    return first.get(layer);
  }

  /** Returns the keys of a layer. */
  Tensor keys(int layer) {
    return first.get(layer);
  }

  /** Returns the values of a layer. */
  Tensor values(int layer) {
    return second.get(layer);
  }

  @Override
  public void close() {
    buffers.forEach(Buffer::close);
  }
}
