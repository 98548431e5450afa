package org.touchstone.conformance.mutants;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.MemoryUse;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Tensor;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/** A device of a HAL with a front. */
record FrontDevice(Device device, Front front) implements Device {
  @Override
  public DeviceInfo info() {
    return device.info();
  }

  @Override
  public Verdict support(OpSpec<?> spec) {
    return front.support(device, spec);
  }

  @Override
  public <A extends Args> Operator<A> prepare(OpSpec<A> spec) {
    return new FrontOperator<>(front.prepare(device, spec), this);
  }

  @Override
  public Buffer allocate(long bytes) {
    return front.allocate(device, bytes);
  }

  @Override
  public Buffer wrap(MemorySegment host) {
    return device.wrap(host);
  }

  @Override
  public Queue openQueue() {
    return new FrontQueue(front.openQueue(device), this);
  }

  @Override
  public Tensor pack(Tensor plain, Layout layout) {
    return device.pack(plain, layout);
  }

  @Override
  public Tensor unpack(Tensor packed) {
    return device.unpack(packed);
  }

  @Override
  public MemoryUse memoryUse() {
    return front.memoryUse(device);
  }

  @Override
  public void close() {
    front.close(device);
  }

  /** A queue of the device. */
  private record FrontQueue(Queue queue, FrontDevice owner) implements Queue {
    @Override
    public Device device() {
      return owner;
    }

    @Override
    public Completion copy(Tensor src, Tensor dst) {
      return owner.completion(owner.front.copy(() -> queue.copy(src, dst), queue, src, dst));
    }

    @Override
    public void await(Completion completion) {
      if (completion instanceof FrontCompletion(Completion behind, FrontDevice other)) {
        owner.front.await(queue, behind, other.device);
      } else {
        queue.await(completion);
      }
    }

    @Override
    public void finish() {
      queue.finish();
    }

    @Override
    public long workspaceBytes() {
      return queue.workspaceBytes();
    }

    @Override
    public void close() {
      owner.front.close(queue);
    }
  }

  /** An operator that was prepared for the device. */
  private record FrontOperator<A extends Args>(Operator<A> operator, FrontDevice owner)
      implements Operator<A> {
    @Override
    public OpSpec<A> spec() {
      return operator.spec();
    }

    @Override
    public Device device() {
      return owner;
    }

    @Override
    public String kernel() {
      return owner.front.kernel(operator);
    }

    @Override
    public KernelTraits traits() {
      return operator.traits();
    }

    @Override
    public Layout preferredLayout(String slot) {
      return operator.preferredLayout(slot);
    }

    @Override
    public Completion submit(Queue queue, A args) {
      Queue behind = queue instanceof FrontQueue(Queue own, _) ? own : queue;
      return owner.completion(
          owner.front.submit(() -> operator.submit(behind, args), owner.device, behind, args));
    }
  }

  private Completion completion(Completion behind) {
    return new FrontCompletion(behind, this);
  }

  /** The end of a submission to the device. */
  private record FrontCompletion(Completion completion, FrontDevice owner) implements Completion {
    @Override
    public void join() {
      completion.join();
    }

    @Override
    public boolean isDone() {
      return completion.isDone();
    }

    @Override
    public Receipt receipt() {
      return owner.front.receipt(completion);
    }
  }
}
