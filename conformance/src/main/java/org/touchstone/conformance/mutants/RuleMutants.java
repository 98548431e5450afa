package org.touchstone.conformance.mutants;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Operator;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Receipt;
import org.touchstone.api.Tensor;
import org.touchstone.api.Verdict;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.memory.GuardedMemory;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Mutant.CaughtBy;
import org.touchstone.backends.spi.Plan;

/** Defects that break one rule beside the values and no other, so that only its check sees them. */
final class RuleMutants {
  private static final long PAGE = 4096;

  private RuleMutants() {}

  static void addTo(Seeds seeds) {
    Set<Op> add = EnumSet.of(Op.ADD);
    seeds.add(
        "write-past-whole-pages",
        add,
        CaughtBy.BOUNDS,
        "writes behind an output that ends with a page",
        RuleMutants::writePastPages);
    seeds.device(
        "write-past-workspace",
        add,
        CaughtBy.BOUNDS,
        "writes behind its workspace",
        WorkspaceDevice::new);
    seeds.add(
        "depends-on-optional-outputs",
        EnumSet.of(Op.ATTENTION_PREFILL),
        CaughtBy.DETERMINISM,
        "gives other bits, within the bound, when nobody asks for the log of the sums",
        RuleMutants::withoutLse);
    seeds.device(
        "unpacks-other-bits",
        EnumSet.of(Op.GEMM_FP32, Op.GEMM_BF16, Op.GEMM_FP8_BLOCK),
        CaughtBy.PACKING,
        "loses a bit when a weight is unpacked",
        ForgetfulDevice::new);
    seeds.front(
        "names-another-kernel",
        add,
        CaughtBy.CLAIM,
        "prepares another kernel than it says",
        OtherName::new);
    seeds.front(
        "receipt-of-another-device",
        add,
        CaughtBy.CLAIM,
        "says that another device ran a launch",
        OtherReceipt::new);
    seeds.front(
        "refuses-with-another-code",
        add,
        CaughtBy.CLAIM,
        "refuses a spec, and fails to prepare it for another reason",
        Refuses::new);
  }

  private static void writePastPages(Shot shot) {
    shot.run();
    Tensor y = shot.tensor("y");
    long bytes = y.storageBytes();
    long end = y.byteOffset() + bytes;
    MemorySegment memory = Shot.memory(y);
    if (bytes > 0 && bytes % PAGE == 0 && end < memory.byteSize()) {
      memory.set(ValueLayout.JAVA_BYTE, end, (byte) 0x3C);
    }
  }

  private static void withoutLse(Shot shot) {
    shot.run();
    Tensor o = shot.tensor("o");
    if (!shot.has("lse") && o.dtype() == DType.F32) {
      Edits.values(o, x -> Math.nextUp((float) x));
    }
  }

  /**
   * Knows what lies around its workspace: the last block that the launching thread allocated.
   * Another thread's block may be freed at any time.
   */
  private static final class WorkspaceDevice implements DelegatingDevice {
    private final BackendDevice device;
    private final Map<Thread, DeviceMemory> last = new ConcurrentHashMap<>();

    WorkspaceDevice(BackendDevice device) {
      this.device = device;
    }

    @Override
    public BackendDevice device() {
      return device;
    }

    @Override
    public MemorySource memory() {
      MemorySource memory = device.memory();
      return new MemorySource() {
        @Override
        public DeviceMemory allocate(long bytes) {
          DeviceMemory block = memory.allocate(bytes);
          last.put(Thread.currentThread(), block);
          return block;
        }

        @Override
        public DeviceMemory wrap(MemorySegment host) {
          return memory.wrap(host);
        }
      };
    }

    @Override
    public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
      return spec.op() == Op.ADD && device.plan(spec) instanceof Plan.Runs<A> runs
          ? new Plan.Runs<>(
              runs.kernel(), runs.traits(), () -> new Overrunning<>(runs.build().get(), this))
          : device.plan(spec);
    }

    void overrun(BackendQueue queue) {
      DeviceMemory block = last.get(Thread.currentThread());
      if (block != null) {
        try (Arena arena = Arena.ofShared()) {
          Scratch bytes = Scratch.of(block, arena);
          bytes.pull(queue);
          long behind = block.bytes() - GuardedMemory.ZONE_BYTES;
          bytes.host().set(ValueLayout.JAVA_BYTE, behind, (byte) 0x3C);
          bytes.push(queue);
        }
      }
    }
  }

  private record Overrunning<A extends Args>(Kernel<A> kernel, WorkspaceDevice owner)
      implements DelegatingKernel<A> {
    @Override
    public long workspaceBytes(A args) {
      return kernel.workspaceBytes(args) + Long.BYTES;
    }

    @Override
    public void launch(BackendQueue queue, A args, DeviceMemory workspace) {
      kernel.launch(queue, args, workspace);
      owner.overrun(queue);
    }
  }

  private record ForgetfulDevice(BackendDevice device) implements DelegatingDevice {
    @Override
    public void unpack(Tensor packed, Tensor plain) {
      device.unpack(packed, plain);
      try (BackendQueue queue = device.openQueue();
          Arena arena = Arena.ofShared()) {
        Scratch bytes = Scratch.of(Memories.of(plain, DeviceMemory.class), arena);
        bytes.pull(queue);
        long last = plain.byteOffset() + plain.storageBytes() - 1;
        byte old = bytes.host().get(ValueLayout.JAVA_BYTE, last);
        bytes.host().set(ValueLayout.JAVA_BYTE, last, (byte) (old ^ 1));
        bytes.push(queue);
      }
    }
  }

  private record OtherName() implements Front {
    @Override
    public String kernel(Operator<?> operator) {
      return operator.kernel() + ".other";
    }
  }

  private record OtherReceipt() implements Front {
    @Override
    public Receipt receipt(Completion completion) {
      Receipt own = completion.receipt();
      return new Receipt(
          own.operator(),
          own.backend(),
          own.device() + "0",
          own.kernel(),
          own.evidence(),
          own.workspaceBytes(),
          own.deviceTime(),
          own.notes());
    }
  }

  private record Refuses() implements Front {
    @Override
    public Verdict support(Device device, OpSpec<?> spec) {
      return spec.op() == Op.ADD
          ? new Verdict.No(Reason.of(ReasonCode.OPERATOR, "not today"))
          : device.support(spec);
    }

    @Override
    public <A extends Args> Operator<A> prepare(Device device, OpSpec<A> spec) {
      Operator<A> operator = device.prepare(spec);
      if (spec.op() == Op.ADD) {
        throw new HalException(ErrorCode.INTERNAL, "not today");
      }
      return operator;
    }
  }
}
