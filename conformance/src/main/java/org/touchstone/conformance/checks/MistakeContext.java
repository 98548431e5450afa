package org.touchstone.conformance.checks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Slot;
import org.touchstone.conformance.cases.TestCase;

/** What mistakes are made of; closes the buffers at the end. */
final class MistakeContext implements AutoCloseable {
  private final TestCase testCase;
  private final long pick;
  private final LongFunction<Buffer> device;
  private final LongFunction<Buffer> host;
  private final LongFunction<Buffer> foreign;
  private final List<Buffer> buffers = new ArrayList<>();

  /**
   * Creates a context.
   *
   * @param pick which of several suitable tensors the mistake is made in, counted around
   * @param device allocates on the device under test
   * @param host allocates on the host
   * @param foreign allocates on another opening of the device
   */
  MistakeContext(
      TestCase testCase,
      long pick,
      LongFunction<Buffer> device,
      LongFunction<Buffer> host,
      LongFunction<Buffer> foreign) {
    this.testCase = testCase;
    this.pick = pick;
    this.device = device;
    this.host = host;
    this.foreign = foreign;
  }

  /** Returns whether a mistake can be made in the arguments of a case; allocates nothing. */
  static boolean leavesRoom(TestCase testCase, Mistake mistake) {
    LongFunction<Buffer> paper = PaperBuffer::new;
    try (MistakeContext context = new MistakeContext(testCase, 0, paper, paper, paper)) {
      List<@Nullable Tensor> tensors = new ArrayList<>();
      for (Slot slot : context.slots()) {
        tensors.add(
            context.present(slot)
                ? context.dense(slot.dtype(), testCase.shape(slot).dims())
                : null);
      }
      return mistake.make(context, tensors).isPresent();
    }
  }

  /** Picks one of the suitable slots. */
  Optional<Integer> pick(Predicate<Slot> suitable) {
    List<Integer> found = new ArrayList<>();
    List<Slot> slots = slots();
    for (int i = 0; i < slots.size(); i++) {
      if (suitable.test(slots.get(i))) {
        found.add(i);
      }
    }
    return found.isEmpty() ? Optional.empty() : Optional.of(found.get((int) (pick % found.size())));
  }

  List<Slot> slots() {
    return testCase.spec().signature().slots();
  }

  boolean present(Slot slot) {
    return testCase.present(slot);
  }

  private Buffer keep(Buffer buffer) {
    buffers.add(buffer);
    return buffer;
  }

  /** Allocates on the device under test. */
  Buffer allocate(long bytes) {
    return keep(device.apply(bytes));
  }

  /** Allocates a dense tensor on the device under test. */
  Tensor dense(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(allocate(Tensor.denseBytes(dtype, shape)), dtype, shape);
  }

  /** Allocates a dense tensor of another opening of the device. */
  Tensor foreign(DType dtype, Shape shape) {
    return Tensor.of(keep(foreign.apply(Tensor.denseBytes(dtype, shape))), dtype, shape);
  }

  /** Allocates a dense tensor on the host. */
  Tensor host(DType dtype, Shape shape) {
    return Tensor.of(keep(host.apply(Tensor.denseBytes(dtype, shape))), dtype, shape);
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

  /** Allocates a tensor of a layout that no kernel knows. */
  Tensor packed(DType dtype, Shape shape) {
    long bytes = Tensor.denseBytes(dtype, shape);
    return Tensor.packed(allocate(bytes), dtype, shape, 0, new Layout("unheard_of"), bytes);
  }

  /** Allocates a tensor whose last dimension but one does not move on. */
  Tensor oneRow(DType dtype, Shape shape) {
    Strides dense = Strides.contiguous(shape);
    long[] steps = new long[shape.rank()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = i == steps.length - 2 ? 0 : dense.step(i);
    }
    return Tensor.of(
        allocate(Tensor.denseBytes(dtype, shape)),
        dtype,
        shape,
        Strides.of(steps),
        0,
        Layout.PLAIN);
  }

  @Override
  public void close() {
    buffers.forEach(Buffer::close);
  }
}
