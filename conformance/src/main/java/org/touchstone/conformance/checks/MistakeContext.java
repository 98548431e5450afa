package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.Buffer;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Slot;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.run.Session;

/** What mistakes are made of; frees it at the end. */
final class MistakeContext implements AutoCloseable {
  private final TestCase testCase;
  private final Session session;
  private final Arena arena;
  private final List<Buffer> buffers = new ArrayList<>();
  private Optional<Session> twin = Optional.empty();

  MistakeContext(TestCase testCase, Session session, Arena arena) {
    this.testCase = testCase;
    this.session = session;
    this.arena = arena;
  }

  List<Slot> slots() {
    return testCase.spec().signature().slots();
  }

  boolean present(Slot slot) {
    return testCase.present(slot);
  }

  /** Allocates on the device under test. */
  Buffer allocate(long bytes) {
    Buffer buffer = session.device().allocate(bytes);
    buffers.add(buffer);
    return buffer;
  }

  /** Allocates a dense tensor on the device under test. */
  Tensor dense(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(allocate(Tensor.denseBytes(dtype, shape)), dtype, shape);
  }

  /** Allocates a dense tensor of another opening of the device. */
  Tensor foreign(DType dtype, Shape shape) {
    if (twin.isEmpty()) {
      twin = Optional.of(session.reopen());
    }
    Buffer buffer = twin.get().device().allocate(Tensor.denseBytes(dtype, shape));
    buffers.add(buffer);
    return Tensor.of(buffer, dtype, shape);
  }

  /** Allocates a dense tensor on the host. */
  Tensor host(DType dtype, Shape shape) {
    long bytes = Math.max(8, Tensor.denseBytes(dtype, shape));
    return Tensor.of(Buffer.ofHost(arena.allocate(bytes, 64)), dtype, shape);
  }

  /** Allocates a tensor whose innermost elements lie two apart. */
  Tensor everySecond(DType dtype, Shape shape) {
    Strides dense = Strides.contiguous(shape);
    long[] steps = new long[shape.rank()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = 2 * dense.step(i);
    }
    return Tensor.of(
        allocate(2 * Tensor.denseBytes(dtype, shape)),
        dtype,
        shape,
        Strides.of(steps),
        0,
        Layout.PLAIN);
  }

  @Override
  public void close() {
    buffers.forEach(Buffer::close);
    twin.ifPresent(Session::close);
  }
}
