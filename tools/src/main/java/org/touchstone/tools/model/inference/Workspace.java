package org.touchstone.tools.model.inference;

import java.util.HashMap;
import java.util.Map;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;

/**
 * Memory for activations, allocated once for the largest batch: one buffer per role and row width.
 * Programs of one model run one after the other, so they share it.
 */
final class Workspace implements AutoCloseable {
  private record Key(String role, DType dtype, long width) {}

  private final Device device;
  private final long maxTokens;
  private final Map<Key, Buffer> buffers = new HashMap<>();

  Workspace(Device device, long maxTokens) {
    this.device = device;
    this.maxTokens = maxTokens;
  }

  long maxTokens() {
    return maxTokens;
  }

  /**
   * Returns a dense tensor.
   *
   * @param shape rows, then one row's extents
   */
  Tensor tensor(String role, DType dtype, Shape shape) {
    long rows = shape.dim(0);
    if (rows > maxTokens) {
      throw new IllegalArgumentException(
          rows + " rows exceed the workspace of " + maxTokens + " tokens");
    }
    long width = rows == 0 ? 0 : shape.elements() / rows;
    Buffer buffer =
        buffers.computeIfAbsent(
            new Key(role, dtype, width),
            key -> device.allocate(dtype.bytesFor(Math.multiplyExact(maxTokens, width))));
    return Tensor.of(buffer, dtype, shape);
  }

  @Override
  public void close() {
    buffers.values().forEach(Buffer::close);
    buffers.clear();
  }
}
