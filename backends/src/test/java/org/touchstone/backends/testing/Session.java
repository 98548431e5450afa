package org.touchstone.backends.testing;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.testing.FakeQueue.Execution;

/** An open fake device with a queue; frees every tensor that it made. */
public final class Session implements AutoCloseable {
  /** Name of the device. */
  public static final String URI = "fake://0";

  /** Adds F32 tensors. */
  public static final AddSpec ADD = AddSpec.of(DType.F32);

  private final FakeDevice backend;
  private final Hal hal;
  private final Device device;
  private final Queue queue;
  private final Arena arena = Arena.ofShared();
  private final List<Buffer> buffers = new ArrayList<>();

  private Session(FakeDevice backend, HostAccess access, HalOptions options, Instruments with) {
    this.backend = backend;
    this.hal = Backends.open(options, FakeBackend.of("fake", backend, access));
    this.device = Backends.open(hal, URI, with);
    this.queue = device.openQueue();
  }

  /** Opens a device that runs everything at once. */
  public static Session open(HostAccess access) {
    return open(access, Execution.IMMEDIATE);
  }

  /** Opens a device. */
  public static Session open(HostAccess access, Execution execution) {
    return open(access, execution, HalOptions.DEFAULT, Instruments.NONE);
  }

  /** Opens a device with options and instruments. */
  public static Session open(
      HostAccess access, Execution execution, HalOptions options, Instruments with) {
    return new Session(new FakeDevice(access, execution), access, options, with);
  }

  /** Returns what the HAL opened. */
  public FakeDevice backend() {
    return backend;
  }

  /** Returns the HAL. */
  public Hal hal() {
    return hal;
  }

  /** Returns the device. */
  public Device device() {
    return device;
  }

  /** Returns the first queue. */
  public Queue queue() {
    return queue;
  }

  /** Returns host memory that lives as long as the session. */
  public Arena arena() {
    return arena;
  }

  /** Prepares an addition. */
  public Operator<AddArgs> add() {
    return device.prepare(ADD);
  }

  /** Allocates a buffer. */
  public Buffer buffer(long bytes) {
    Buffer buffer = device.allocate(bytes);
    buffers.add(buffer);
    return buffer;
  }

  /** Allocates an F32 tensor. */
  public Tensor tensor(long... dims) {
    return tensor(DType.F32, dims);
  }

  /** Allocates a dense tensor. */
  public Tensor tensor(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(buffer(Tensor.denseBytes(dtype, shape)), dtype, shape);
  }

  /** Allocates an F32 tensor in which every element has the same value. */
  public Tensor filled(float value, long... dims) {
    Tensor tensor = tensor(dims);
    queue.copy(host(value, dims), tensor).join();
    return tensor;
  }

  /** Allocates an F32 host tensor in which every element has the same value. */
  public Tensor host(float value, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, DType.F32, dims);
    long[] codes = new long[Math.toIntExact(tensor.shape().elements())];
    Arrays.fill(codes, Float.floatToIntBits(value));
    HostTensors.writeCodes(tensor, codes);
    return tensor;
  }

  /** Reads an F32 tensor of the device. */
  public double[] read(Tensor tensor) {
    Tensor host = HostTensors.allocate(arena, tensor.dtype(), tensor.shape().dims());
    queue.copy(tensor, host).join();
    return HostTensors.doubles(host);
  }

  /** Wraps host memory for a copy. */
  public static Tensor onHost(MemorySegment segment, DType dtype, long... dims) {
    return Tensor.of(Buffer.ofHost(segment), dtype, Shape.of(dims));
  }

  @Override
  public void close() {
    queue.close();
    buffers.forEach(Buffer::close);
    device.close();
    hal.close();
    arena.close();
  }
}
