package org.touchstone.backends.opencl.driver;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Memories;

/**
 * Collects the arguments of one launch in the order of the kernel's parameters, then enqueues. A
 * tensor or a piece of memory takes two parameters: the buffer and a {@code ulong} with the offset
 * of its first byte. Used once, by one thread.
 */
public final class Launch {
  private final OpenClKernel kernel;
  private final List<Argument> arguments = new ArrayList<>();

  Launch(OpenClKernel kernel) {
    this.kernel = kernel;
  }

  /** Gives a tensor's memory and first byte; a buffer of no meaning for an absent tensor. */
  public Launch tensor(@Nullable Tensor tensor) {
    if (tensor == null) {
      return add(new Argument.Buffer(kernel.nothing())).i64(0);
    }
    return tensor(tensor, 0);
  }

  /** Gives a tensor's memory and the byte that lies so many bytes behind its first. */
  public Launch tensor(Tensor tensor, long byteOffset) {
    OpenClMemory memory = Memories.of(tensor, OpenClMemory.class);
    return add(new Argument.Buffer(memory.buffer()))
        .i64(memory.offset() + tensor.byteOffset() + byteOffset);
  }

  /** Gives a tensor and, as a {@code ulong}, the step of its first dimension in elements. */
  public Launch rows(@Nullable Tensor tensor) {
    return tensor(tensor).i64(tensor == null ? 0 : tensor.strides().step(0));
  }

  /** Gives workspace from an offset on. */
  public Launch memory(DeviceMemory memory, long offset) {
    if (memory instanceof OpenClMemory own) {
      return add(new Argument.Buffer(own.buffer())).i64(own.offset() + offset);
    }
    return tensor(null);
  }

  /** Gives an {@code int} or {@code uint}. */
  public Launch i32(int value) {
    return add(new Argument.Word(value));
  }

  /** Gives a {@code long} or {@code ulong}. */
  public Launch i64(long value) {
    return add(new Argument.LongWord(value));
  }

  /** Gives a {@code float}. */
  public Launch f32(float value) {
    return add(new Argument.Real(value));
  }

  /** Gives a vector of 2, 4, 8 or 16 {@code long}. */
  public Launch i64s(long... values) {
    return add(new Argument.LongWords(Arrays.stream(values).boxed().toList()));
  }

  /** Gives local memory of a work-group. */
  public Launch local(long bytes) {
    return add(new Argument.Local(bytes));
  }

  private Launch add(Argument argument) {
    arguments.add(argument);
    return this;
  }

  /**
   * Enqueues one dimension.
   *
   * @param groups number of work-groups, at least 1
   * @param groupSize work-items per group
   */
  public void run(BackendQueue queue, long groups, long groupSize) {
    kernel.enqueue(queue, arguments, new long[] {groups * groupSize}, new long[] {groupSize});
  }

  /** Enqueues two dimensions; the group lies along the first. */
  public void run(BackendQueue queue, long groups, long groupSize, long second) {
    kernel.enqueue(
        queue, arguments, new long[] {groups * groupSize, second}, new long[] {groupSize, 1});
  }

  /** Enqueues a range of any shape; {@code global} is a multiple of {@code local}. */
  public void run(BackendQueue queue, long[] global, long[] local) {
    kernel.enqueue(queue, arguments, global, local);
  }
}
