import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.*;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.*;

/** Multiplies a row by a transposed matrix on the best device there is. */
public final class Quickstart {
  public static void main(String[] args) {
    GemmSpec spec = GemmSpec.of(GemmOperands.F32, 2, 3, DType.F32);
    try (Hal hal = Hal.open();
        Device device = hal.select(Selection.require(spec).prefer(DeviceKind.GPU));
        Queue queue = device.openQueue();
        Buffer memory = device.allocate(44);
        Arena arena = Arena.ofShared()) {
      Tensor a = Tensor.of(memory, DType.F32, Shape.of(1, 3));
      Tensor b = Tensor.of(memory, DType.F32, Shape.of(2, 3), 12);
      Tensor c = Tensor.of(memory, DType.F32, Shape.of(1, 2), 36);
      queue.copy(host(arena, a.shape(), 1, 2, 3), a);
      queue.copy(host(arena, b.shape(), 1, 1, 1, 3, 2, 1), b);
      Receipt receipt = device.prepare(spec).submit(queue, GemmArgs.of(a, b, c)).receipt();
      Tensor result = host(arena, c.shape(), 0, 0);
      queue.copy(c, result).join();
      System.out.print(result.buffer().host().getAtIndex(ValueLayout.JAVA_FLOAT, 0) + " and ");
      System.out.print(result.buffer().host().getAtIndex(ValueLayout.JAVA_FLOAT, 1) + " by ");
      System.out.println(receipt.kernel() + " on " + receipt.device());
    }
  }

  private static Tensor host(Arena arena, Shape shape, float... values) {
    return Tensor.of(
        Buffer.ofHost(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values)), DType.F32, shape);
  }
}
