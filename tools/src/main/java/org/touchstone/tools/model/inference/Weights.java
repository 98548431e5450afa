package org.touchstone.tools.model.inference;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Layout;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.DequantizeArgs;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.safetensors.SafetensorsFile;
import org.touchstone.tools.model.safetensors.TensorEntry;

/**
 * The weights of a model on one device. A tensor stays in the mapped file where the device works on
 * host memory; everything that is copied, packed or converted instead is counted.
 */
final class Weights implements AutoCloseable {
  private final Device device;
  private final Queue queue;
  private final Operators operators;
  private final Packing packing;
  private final Map<Path, Buffer> files = new HashMap<>();
  private final Map<String, Tensor> loaded = new HashMap<>();
  private final Deque<Buffer> owned = new ArrayDeque<>();
  private final boolean direct;
  private long inPlace;
  private long copied;
  private long packed;
  private long converted;

  Weights(Checkpoint checkpoint, Device device, Queue queue, Operators operators, Packing packing) {
    this.device = device;
    this.queue = queue;
    this.operators = operators;
    this.packing = packing;
    this.direct = device.info().hostAccess() == HostAccess.DIRECT;
    for (SafetensorsFile file : checkpoint.files()) {
      files.put(file.path(), direct ? device.wrap(file.mapped()) : Buffer.ofHost(file.mapped()));
    }
  }

  LoadReport report() {
    return new LoadReport(inPlace, copied, packed, converted);
  }

  Operators operators() {
    return operators;
  }

  /** Returns a tensor of the checkpoint as the device sees it. */
  Tensor tensor(TensorEntry entry) {
    return loaded.computeIfAbsent(entry.name(), name -> load(entry));
  }

  /** Returns a tensor that may be packed: unless it is in use already, nobody else will use it. */
  Tensor packable(TensorEntry entry) {
    Tensor shared = loaded.get(entry.name());
    return shared == null ? load(entry) : shared;
  }

  private Tensor load(TensorEntry entry) {
    if (direct && aligned(entry)) {
      inPlace += entry.bytes().byteSize();
      return mapped(entry);
    }
    Tensor target = allocate(entry.dtype(), entry.shape());
    queue.copy(host(entry), target).join();
    return target;
  }

  private static boolean aligned(TensorEntry entry) {
    return entry.fileOffset() % Math.max(1, entry.dtype().bits() / 8) == 0;
  }

  private Tensor mapped(TensorEntry entry) {
    Buffer file = files.get(entry.file());
    if (file == null) {
      throw new IllegalArgumentException(entry.file() + " is no file of this checkpoint");
    }
    return Tensor.of(file, entry.dtype(), entry.shape(), entry.fileOffset());
  }

  /** Returns the tensor in host memory, at an address that its element type allows. */
  private static Tensor host(TensorEntry entry) {
    return Tensor.of(Buffer.ofHost(entry.bytes()), entry.dtype(), entry.shape());
  }

  /** Allocates a dense tensor that lives as long as the model, and counts it as copied. */
  Tensor allocate(DType dtype, Shape shape) {
    Tensor tensor = own(dtype, shape);
    copied += tensor.storageBytes();
    return tensor;
  }

  private Tensor own(DType dtype, Shape shape) {
    Buffer buffer = device.allocate(Tensor.denseBytes(dtype, shape));
    owned.push(buffer);
    return Tensor.of(buffer, dtype, shape);
  }

  /** Copies a tensor of the checkpoint into part of a larger one. */
  void copyInto(TensorEntry entry, Tensor target) {
    queue.copy(host(entry), target).join();
  }

  /** Fills a tensor from host memory. */
  void copyInto(Tensor source, Tensor target) {
    queue.copy(source, target).join();
  }

  /** Returns a tensor converted to another element type. */
  Tensor cast(TensorEntry entry, DType to) {
    if (entry.dtype() == to) {
      return tensor(entry);
    }
    Tensor target = own(to, entry.shape());
    converted += target.storageBytes();
    operators
        .prepare(CastSpec.of(entry.dtype(), to))
        .submit(queue, new CastArgs(tensor(entry), target))
        .join();
    return target;
  }

  /** Returns a quantised tensor's values. */
  Tensor dequantize(DequantizeSpec spec, TensorEntry codes, TensorEntry scale) {
    Tensor target = own(spec.output(), codes.shape());
    converted += target.storageBytes();
    operators
        .prepare(spec)
        .submit(queue, new DequantizeArgs(tensor(codes), tensor(scale), target))
        .join();
    return target;
  }

  /** Returns whether weights are to be packed. */
  Packing packing() {
    return packing;
  }

  /**
   * Returns a weight in a layout of the device, and frees the plain copy if nobody else uses it.
   */
  Tensor pack(Tensor plain, Layout layout) {
    Tensor result = device.pack(plain, layout);
    owned.push(result.buffer());
    packed += result.storageBytes();
    if (loaded.containsValue(plain)) {
      return result;
    }
    if (owned.remove(plain.buffer())) {
      copied -= plain.storageBytes();
      plain.buffer().close();
    } else {
      inPlace -= plain.storageBytes();
    }
    return result;
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      owned.pop().close();
    }
    files.values().forEach(Buffer::close);
  }
}
