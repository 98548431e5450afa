package org.touchstone.conformance.mutants;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Mutant.CaughtBy;
import org.touchstone.backends.spi.Plan;

/** Defects of what is around the values: workspace, memory, threads, claims. */
final class DeviceMutants {
  private static final long EXTRA = 64;
  private static final long HUGE = 1L << 50;
  private static final long NAP_NANOS = 2_000_000;

  private DeviceMutants() {}

  static void addTo(Seeds seeds) {
    for (Op op : new Op[] {Op.ADD, Op.RMS_NORM, Op.FUSED_ADD_RMS_NORM, Op.ROPE_APPLY}) {
      seeds.value(
          "clears-output-first-" + op.opName().replace('_', '-'),
          op,
          "clears its output before it reads an input in the same place",
          DeviceMutants::clearFirst);
    }
    Set<Op> add = EnumSet.of(Op.ADD);
    seeds.add(
        "shared-scratch",
        add,
        CaughtBy.DETERMINISM,
        "keeps its result where every launch keeps it",
        new SharedScratch());
    seeds.device(
        "trusts-workspace",
        add,
        CaughtBy.INITIALISATION,
        "takes fresh workspace for zeros",
        device -> new ScratchDevice(device, Misuse.READS));
    seeds.device(
        "leaks-when-allocation-fails",
        add,
        CaughtBy.LEAK,
        "keeps what it allocated when the workspace behind it cannot be had",
        device -> new ScratchDevice(device, Misuse.LEAKS));
    seeds.device(
        "refuses-at-build",
        add,
        CaughtBy.CLAIM,
        "claims a spec and refuses it when the kernel is built",
        RefusingDevice::new);
    seeds.device(
        "exhausted-memory-is-internal",
        add,
        CaughtBy.CLAIM,
        "reports exhausted memory as a defect of its own",
        ConfusedDevice::new);
    seeds.device(
        "ignores-other-queues",
        add,
        CaughtBy.ORDER,
        "does not wait for another queue's event",
        device -> new LazyDevice(device, LazyDevice.Order.IGNORED));
    AtomicInteger openings = new AtomicInteger();
    seeds.device(
        "depends-on-threads",
        add,
        "cpu",
        CaughtBy.DETERMINISM,
        "gives other bits with another number of threads",
        device ->
            openings.getAndIncrement() == 0
                ? device
                : new SpoiledDevice(device, add, DeviceMutants::flipLast));
  }

  private static void clearFirst(Shot shot) {
    for (Slot slot : shot.outputs()) {
      if (!slot.read()) {
        Edits.recode(shot.tensor(slot.name()), (i, all) -> 0);
      }
    }
    shot.run();
  }

  private static void flipLast(Shot shot) {
    shot.run();
    Edits.recode(shot.tensor("y"), (i, all) -> i == all.length - 1 ? all[i] ^ 1 : all[i]);
  }

  /** One place for the results of all launches. */
  private static final class SharedScratch implements Defect {
    private volatile long[] result = {};

    @Override
    public void spoil(Shot shot) {
      shot.run();
      Tensor y = shot.tensor("y");
      long[] own = HostTensors.codes(y);
      result = own;
      LockSupport.parkNanos(NAP_NANOS);
      long[] now = result;
      HostTensors.writeCodes(y, now.length == own.length ? now : own);
    }
  }

  private enum Misuse {
    READS,
    LEAKS
  }

  /** Additions ask for workspace that they do not need, and misuse it. */
  private record ScratchDevice(BackendDevice device, Misuse misuse) implements DelegatingDevice {
    @Override
    public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
      return spec.op() == Op.ADD && device.plan(spec) instanceof Plan.Runs<A> runs
          ? new Plan.Runs<>(
              runs.kernel(),
              runs.traits(),
              () -> new ScratchKernel<>(runs.build().get(), device, misuse))
          : device.plan(spec);
    }
  }

  private record ScratchKernel<A extends Args>(
      Kernel<A> kernel, BackendDevice device, Misuse misuse, Queue<DeviceMemory> kept)
      implements DelegatingKernel<A> {
    ScratchKernel(Kernel<A> kernel, BackendDevice device, Misuse misuse) {
      this(kernel, device, misuse, new ConcurrentLinkedQueue<>());
    }

    @Override
    public long workspaceBytes(A args) {
      if (misuse == Misuse.LEAKS) {
        kept.add(device.memory().allocate(EXTRA));
      }
      return kernel.workspaceBytes(args) + EXTRA;
    }

    @Override
    public void launch(BackendQueue queue, A args, DeviceMemory workspace) {
      if (misuse == Misuse.LEAKS) {
        DeviceMemory own = kept.poll();
        if (own != null) {
          own.close();
        }
      }
      if (misuse == Misuse.LEAKS || first(queue, workspace) == 0) {
        kernel.launch(queue, args, workspace);
      }
    }

    private static byte first(BackendQueue queue, DeviceMemory workspace) {
      try (Arena arena = Arena.ofShared()) {
        Scratch bytes = Scratch.of(workspace, arena);
        bytes.pull(queue);
        return bytes.host().get(ValueLayout.JAVA_BYTE, bytes.bytes() - 1);
      }
    }
  }

  private record RefusingDevice(BackendDevice device) implements DelegatingDevice {
    @Override
    public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
      return spec.op() == Op.ADD && device.plan(spec) instanceof Plan.Runs<A> runs
          ? new Plan.Runs<>(
              runs.kernel(),
              runs.traits(),
              () -> {
                throw new HalException(ErrorCode.UNSUPPORTED, "not after all");
              })
          : device.plan(spec);
    }
  }

  private record ConfusedDevice(BackendDevice device) implements DelegatingDevice {
    @Override
    public MemorySource memory() {
      MemorySource memory = device.memory();
      return new MemorySource() {
        @Override
        public DeviceMemory allocate(long bytes) {
          if (bytes >= HUGE) {
            throw new IllegalStateException("what a size");
          }
          return memory.allocate(bytes);
        }

        @Override
        public DeviceMemory wrap(MemorySegment host) {
          return memory.wrap(host);
        }
      };
    }
  }
}
