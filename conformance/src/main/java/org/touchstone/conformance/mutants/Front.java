package org.touchstone.conformance.mutants;

import java.util.function.Supplier;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.MemoryUse;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Tensor;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/**
 * What stands in front of a correct HAL and spoils its answers, one of these methods each; the HAL
 * checks what no backend gets to see.
 */
interface Front {
  default Buffer allocate(Device device, long bytes) {
    return device.allocate(bytes);
  }

  default Queue openQueue(Device device) {
    return device.openQueue();
  }

  default Verdict support(Device device, OpSpec<?> spec) {
    return device.support(spec);
  }

  default <A extends Args> Operator<A> prepare(Device device, OpSpec<A> spec) {
    return device.prepare(spec);
  }

  default MemoryUse memoryUse(Device device) {
    return device.memoryUse();
  }

  /** Closes the device. */
  default void close(Device device) {
    device.close();
  }

  /** Closes a queue. */
  default void close(Queue queue) {
    queue.close();
  }

  /**
   * Submits an operator.
   *
   * @param launch submits it to the correct HAL
   */
  default Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
    return launch.get();
  }

  /**
   * Copies.
   *
   * @param copy copies in the correct HAL
   */
  default Completion copy(Supplier<Completion> copy, Queue queue, Tensor src, Tensor dst) {
    return copy.get();
  }

  /**
   * Makes a queue wait.
   *
   * @param owner the device whose work is waited for
   */
  default void await(Queue queue, Completion completion, Device owner) {
    queue.await(completion);
  }

  default Receipt receipt(Completion completion) {
    return completion.receipt();
  }

  /** Names a kernel. */
  default String kernel(Operator<?> operator) {
    return operator.kernel();
  }
}
