package org.touchstone.tools.device;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.worker.WorkerCommand;

/**
 * Computes something small on a device: brings two matrices there, multiplies them, brings the
 * product back and compares it with the exact one.
 *
 * @param passed whether the product is right
 * @param text {@code PASS} and the kernel, or what went wrong
 */
public record DeviceCheck(boolean passed, String text) {
  private static final GemmSpec SPEC = GemmSpec.of(GemmOperands.F32, 3, 5, DType.F32);
  private static final double[] A = {1, -2, 3, -4, 5, 6, 7, -8, 9, 10};
  private static final double[] B = {1, 1, 1, 1, 1, 0, 2, 0, -1, 3, -5, 4, -3, 2, -1};
  private static final double[] EXACT = {3, 15, -35, 24, 35, 30};

  /** Opens a device, in a worker process where it needs one, computes, and closes it. */
  public static DeviceCheck run(Hal hal, String uri) {
    return WorkerCommand.profiles(uri).isEmpty() ? here(hal, uri) : DeviceCheckWorker.ask(uri);
  }

  /** Opens a device in this process, computes, and closes it. */
  static DeviceCheck here(Hal hal, String uri) {
    try (Device device = hal.device(uri)) {
      return run(device);
      // Whatever a driver throws is the answer that the listing is for.
    } catch (HalException | LinkageError e) {
      return new DeviceCheck(false, "FAIL: " + e.getMessage());
    }
  }

  private static DeviceCheck run(Device device) {
    try (Arena arena = Arena.ofShared();
        Queue queue = device.openQueue();
        Buffer left = device.allocate(A.length * (long) Float.BYTES);
        Buffer right = device.allocate(B.length * (long) Float.BYTES);
        Buffer product = device.allocate(EXACT.length * (long) Float.BYTES)) {
      Tensor a = Tensor.of(left, DType.F32, Shape.of(2, 5));
      Tensor b = Tensor.of(right, DType.F32, Shape.of(3, 5));
      Tensor c = Tensor.of(product, DType.F32, Shape.of(2, 3));
      queue.copy(HostTensors.of(arena, DType.F32, a.shape(), A), a);
      queue.copy(HostTensors.of(arena, DType.F32, b.shape(), B), b);
      Receipt receipt = device.prepare(SPEC).submit(queue, GemmArgs.of(a, b, c)).receipt();
      Tensor result = HostTensors.allocate(arena, DType.F32, 2, 3);
      queue.copy(c, result).join();
      double[] actual = HostTensors.doubles(result);
      return Arrays.equals(actual, EXACT)
          ? new DeviceCheck(true, "PASS (" + receipt.kernel() + ")")
          : new DeviceCheck(
              false,
              "FAIL: "
                  + receipt.kernel()
                  + " gave "
                  + Arrays.toString(actual)
                  + ", expected "
                  + Arrays.toString(EXACT));
    }
  }
}
