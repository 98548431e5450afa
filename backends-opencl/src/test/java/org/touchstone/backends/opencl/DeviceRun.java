package org.touchstone.backends.opencl;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;

/** PoCL's device with one queue; tensors live as long as it. Used by one thread. */
final class DeviceRun implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final Hal hal;
  private final Device device;
  private final Queue queue;
  private final List<Tensor> tensors = new ArrayList<>();

  DeviceRun(Variant variant) {
    Pocl.require();
    hal =
        Backends.open(
            HalOptions.DEFAULT
                .with(OpenClSettings.VARIANT.name(), variant.suffix())
                .with(OpenClSettings.TUNING.name(), "off"),
            new OpenClProvider());
    device = hal.device(Pocl.URI);
    queue = device.openQueue();
  }

  Device device() {
    return device;
  }

  Queue queue() {
    return queue;
  }

  /** Creates a tensor on the device. */
  Tensor tensor(DType dtype, long[] shape, double... values) {
    Tensor host = HostTensors.allocate(arena, dtype, shape);
    if (values.length > 0 && dtype.isFloat()) {
      HostTensors.write(host, values, Saturation.NONSAT);
    } else if (values.length > 0) {
      long[] codes = new long[values.length];
      for (int i = 0; i < codes.length; i++) {
        codes[i] = (long) values[i];
      }
      HostTensors.writeCodes(host, codes);
    }
    Tensor tensor =
        Tensor.of(device.allocate(Tensor.denseBytes(dtype, host.shape())), dtype, host.shape());
    tensors.add(tensor);
    queue.copy(host, tensor).join();
    return tensor;
  }

  <A extends Args> Receipt run(OpSpec<A> spec, A args) {
    return device.prepare(spec).submit(queue, args).receipt();
  }

  private Tensor fetched(Tensor tensor) {
    Tensor host = HostTensors.allocate(arena, tensor.dtype(), tensor.shape().dims());
    queue.copy(tensor, host).join();
    return host;
  }

  double[] values(Tensor tensor) {
    return HostTensors.doubles(fetched(tensor));
  }

  long[] codes(Tensor tensor) {
    return HostTensors.codes(fetched(tensor));
  }

  @Override
  public void close() {
    tensors.forEach(tensor -> tensor.buffer().close());
    queue.close();
    device.close();
    hal.close();
    arena.close();
  }
}
