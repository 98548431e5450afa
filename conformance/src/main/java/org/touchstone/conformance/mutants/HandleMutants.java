package org.touchstone.conformance.mutants;

import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.MemoryUse;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Mutant.CaughtBy;

/** Defects in how closed handles, those of another device, and impossible sizes are answered. */
final class HandleMutants {
  private HandleMutants() {}

  private static void add(Seeds seeds, String name, String what, Supplier<? extends Front> front) {
    add(seeds, name, what, UnaryOperator.identity(), front);
  }

  private static void add(
      Seeds seeds,
      String name,
      String what,
      UnaryOperator<BackendDevice> seed,
      Supplier<? extends Front> front) {
    seeds.front(name, EnumSet.of(Op.ADD), CaughtBy.HANDLES, what, seed, front);
  }

  static void addTo(Seeds seeds) {
    add(seeds, "closed-device-allocates", "allocates on a closed device", ClosedAllocates::new);
    add(seeds, "closed-device-opens", "opens queues of a closed device", ClosedOpens::new);
    add(seeds, "closed-device-prepares", "prepares for a closed device", ClosedPrepares::new);
    add(seeds, "closed-queue-copies", "copies in a closed queue", () -> new Copies(Flaw.QUEUE));
    add(seeds, "closed-queue-runs", "runs operators in a closed queue", ClosedRuns::new);
    add(
        seeds,
        "closed-buffer-copies",
        "copies into and out of closed buffers",
        () -> new Copies(Flaw.BUFFER));
    add(
        seeds,
        "foreign-buffer-copies",
        "copies into and out of another device's buffers",
        () -> new Copies(Flaw.DEVICE));
    add(seeds, "foreign-queue-runs", "runs operators in another device's queue", ForeignRuns::new);
    add(
        seeds,
        "forgets-other-devices",
        "does not wait for what another device does",
        device -> new LazyDevice(device, LazyDevice.Order.KEPT),
        ForgetsOthers::new);
    add(seeds, "second-close-fails", "fails when it is closed twice", ClosesOnce::new);
    add(seeds, "negative-size-allocates", "allocates less than nothing", Negative::new);
    add(seeds, "empty-buffer-refused", "refuses to allocate nothing", NoEmpty::new);
    add(seeds, "copies-another-shape", "copies between shapes", () -> new Copies(Flaw.SHAPE));
    add(seeds, "copies-another-dtype", "copies between dtypes", () -> new Copies(Flaw.DTYPE));
    add(seeds, "miscounts-memory", "counts no open buffer", Miscounts::new);
  }

  /** Runs, unless that fails with a code; then the other. */
  private static <T> T unless(ErrorCode code, Supplier<T> first, Supplier<T> other) {
    try {
      return first.get();
    } catch (HalException e) {
      if (e.code() == code) {
        return other.get();
      }
      throw e;
    }
  }

  private static Buffer paper(long bytes) {
    return Buffer.ofHost(Arena.ofAuto().allocate(Math.max(8, bytes), 64));
  }

  private record ClosedAllocates() implements Front {
    @Override
    public Buffer allocate(Device device, long bytes) {
      return unless(ErrorCode.CLOSED, () -> device.allocate(bytes), () -> paper(bytes));
    }
  }

  private record ClosedOpens() implements Front {
    @Override
    public Queue openQueue(Device device) {
      return unless(ErrorCode.CLOSED, device::openQueue, () -> new DeadQueue(device));
    }
  }

  /** A queue that does nothing. */
  private record DeadQueue(Device device) implements Queue {
    @Override
    public Completion copy(Tensor src, Tensor dst) {
      return new Ended();
    }

    @Override
    public void await(Completion completion) {}

    @Override
    public void finish() {}

    @Override
    public long workspaceBytes() {
      return 0;
    }

    @Override
    public void close() {}
  }

  private record ClosedPrepares() implements Front {
    @Override
    public <A extends Args> Operator<A> prepare(Device device, OpSpec<A> spec) {
      return unless(
          ErrorCode.CLOSED, () -> device.prepare(spec), () -> new DeadOperator<>(device, spec));
    }
  }

  /** An operator that does nothing. */
  private record DeadOperator<A extends Args>(Device device, OpSpec<A> spec)
      implements Operator<A> {
    @Override
    public String kernel() {
      return "none";
    }

    @Override
    public KernelTraits traits() {
      throw new IllegalStateException("nothing was prepared");
    }

    @Override
    public Layout preferredLayout(String slot) {
      return Layout.PLAIN;
    }

    @Override
    public Completion submit(Queue queue, A args) {
      return new Ended();
    }
  }

  private enum Flaw {
    QUEUE,
    BUFFER,
    DEVICE,
    SHAPE,
    DTYPE;

    boolean shows(HalException refusal, Tensor src, Tensor dst) {
      boolean buffer = src.buffer().isClosed() || dst.buffer().isClosed();
      return switch (this) {
        case QUEUE -> refusal.code() == ErrorCode.CLOSED && !buffer;
        case BUFFER -> refusal.code() == ErrorCode.CLOSED && buffer;
        case DEVICE -> refusal.code() == ErrorCode.WRONG_DEVICE;
        case SHAPE -> refusal.code() == ErrorCode.SHAPE;
        case DTYPE -> refusal.code() == ErrorCode.DTYPE;
      };
    }
  }

  private record Copies(Flaw flaw) implements Front {
    @Override
    public Completion copy(Supplier<Completion> copy, Queue queue, Tensor src, Tensor dst) {
      return Ended.unless(copy, refusal -> flaw.shows(refusal, src, dst));
    }
  }

  private record ClosedRuns() implements Front {
    @Override
    public Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
      return Ended.unless(launch, refusal -> refusal.code() == ErrorCode.CLOSED);
    }
  }

  private record ForeignRuns() implements Front {
    @Override
    public Completion submit(Supplier<Completion> launch, Device device, Queue queue, Args args) {
      return Ended.unless(
          launch,
          refusal -> refusal.code() == ErrorCode.WRONG_DEVICE && !queue.device().equals(device));
    }
  }

  private record ForgetsOthers() implements Front {
    @Override
    public void await(Queue queue, Completion completion, Device owner) {
      if (queue.device().equals(owner)) {
        queue.await(completion);
      }
    }
  }

  private static final class ClosesOnce implements Front {
    private final Set<Queue> closed = ConcurrentHashMap.newKeySet();

    @Override
    public void close(Queue queue) {
      if (!closed.add(queue)) {
        throw new IllegalStateException("closed already");
      }
      queue.close();
    }
  }

  private record Negative() implements Front {
    @Override
    public Buffer allocate(Device device, long bytes) {
      return bytes < 0 ? paper(0) : device.allocate(bytes);
    }
  }

  private record NoEmpty() implements Front {
    @Override
    public Buffer allocate(Device device, long bytes) {
      if (bytes == 0) {
        throw new HalException(ErrorCode.NEGATIVE_SIZE, "a buffer of 0 bytes");
      }
      return device.allocate(bytes);
    }
  }

  private record Miscounts() implements Front {
    @Override
    public MemoryUse memoryUse(Device device) {
      MemoryUse use = device.memoryUse();
      return new MemoryUse(0, 0, use.peakBytes(), use.workspaceBytes());
    }
  }
}
