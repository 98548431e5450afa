package org.touchstone.conformance.mutants;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Buffer;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Mutant.CaughtBy;
import org.touchstone.backends.spi.Plan;

/** Defects that any operator can have. */
final class GenericMutants {
  private GenericMutants() {}

  static void addTo(Seeds seeds) {
    for (Op op : Op.values()) {
      Set<Op> ops = EnumSet.of(op);
      String suffix = "-" + op.opName().replace('_', '-');
      seeds.add("zeros" + suffix, ops, CaughtBy.VALUE, "returns zeros", GenericMutants::zeros);
      seeds.add(
          "previous-result" + suffix,
          ops,
          CaughtBy.VALUE,
          "does nothing, so the outputs keep what they held",
          shot -> {});
      seeds.add(
          "last-element" + suffix,
          ops,
          CaughtBy.VALUE,
          "leaves the last element of its outputs as it was",
          GenericMutants::skipLast);
      seeds.add(
          "write-past-end" + suffix,
          ops,
          CaughtBy.BOUNDS,
          "writes behind the last element of an output",
          shot -> writeOutside(shot, true));
      seeds.add(
          "modify-input" + suffix,
          ops,
          CaughtBy.BOUNDS,
          "changes a bit of an input",
          GenericMutants::modifyInput);
    }
    Set<Op> add = EnumSet.of(Op.ADD);
    seeds.add(
        "write-before-start",
        add,
        CaughtBy.BOUNDS,
        "writes before the first element of an output",
        shot -> writeOutside(shot, false));
    seeds.add(
        "write-between-rows", add, CaughtBy.BOUNDS, "ignores strides", GenericMutants::fillGaps);
    seeds.add(
        "leak",
        add,
        CaughtBy.LEAK,
        "allocates device memory at every launch and keeps it",
        GenericMutants::leak);
    seeds.add(
        "nondeterministic",
        add,
        CaughtBy.DETERMINISM,
        "gives other bits at every second launch on a matrix",
        GenericMutants::jitter);
    seeds.add(
        "one-launch-late",
        add,
        CaughtBy.ORDER,
        "writes a launch's result when the next one comes",
        new Late());
    seeds.add(
        "broken-throw",
        add,
        CaughtBy.CLAIM,
        "fails at launch although it claims the spec",
        shot -> {
          throw new IllegalStateException("this launch was seeded to fail");
        });
    seeds.device(
        "claims-fp64",
        EnumSet.of(Op.GEMM_FP32),
        CaughtBy.CLAIM,
        "declares FP64 sums and adds in FP32",
        ClaimingDevice::new);
  }

  private static void zeros(Shot shot) {
    shot.run();
    for (Slot slot : shot.outputs()) {
      Edits.recode(shot.tensor(slot.name()), (i, all) -> 0);
    }
  }

  private static void skipLast(Shot shot) {
    List<long[]> before =
        shot.outputs().stream().map(s -> HostTensors.codes(shot.tensor(s.name()))).toList();
    shot.run();
    for (int o = 0; o < before.size(); o++) {
      long[] old = before.get(o);
      Edits.recode(
          shot.tensor(shot.outputs().get(o).name()),
          (i, all) -> i == all.length - 1 ? old[i] : all[i]);
    }
  }

  private static void writeOutside(Shot shot, boolean behind) {
    shot.run();
    Tensor output = shot.tensor(shot.outputs().getFirst().name());
    long at = behind ? output.byteOffset() + output.storageBytes() : output.byteOffset() - 1;
    MemorySegment memory = Shot.memory(output);
    if (at < 0 || at >= memory.byteSize()) {
      return;
    }
    memory.set(ValueLayout.JAVA_BYTE, at, (byte) 0x3C);
  }

  private static void modifyInput(Shot shot) {
    shot.run();
    Set<Buffer> written = new HashSet<>();
    shot.outputs().forEach(slot -> written.add(shot.tensor(slot.name()).buffer()));
    for (Slot slot : shot.inputs()) {
      Tensor input = shot.tensor(slot.name());
      if (input.storageBytes() > 0 && !written.contains(input.buffer())) {
        MemorySegment memory = Shot.memory(input);
        long at = input.byteOffset();
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) (memory.get(ValueLayout.JAVA_BYTE, at) ^ 1));
        return;
      }
    }
  }

  private static void fillGaps(Shot shot) {
    shot.run();
    Tensor y = shot.tensor("y");
    if (!y.isDense() && y.shape().rank() > 1) {
      long elementBytes = y.dtype().bits() / 8;
      long gap = y.byteOffset() + y.dim(-1) * elementBytes;
      Shot.memory(y).set(ValueLayout.JAVA_BYTE, gap, (byte) 0);
    }
  }

  // The point is that nobody closes it.
  @SuppressWarnings("MustBeClosedChecker")
  private static void leak(Shot shot) {
    var kept = shot.device().memory().allocate(64);
    if (kept.bytes() < 64) {
      throw new IllegalStateException("got " + kept.bytes() + " bytes");
    }
    shot.run();
  }

  private static void jitter(Shot shot) {
    shot.run();
    Tensor y = shot.tensor("y");
    if (shot.number() % 2 == 1 && y.dtype() == DType.F32 && matrix(y)) {
      Edits.recode(y, (i, all) -> i == 0 ? all[i] ^ 1 : all[i]);
    }
  }

  private static boolean matrix(Tensor tensor) {
    return tensor.shape().rank() > 1 && tensor.shape().elements() > 0;
  }

  /** Remembers one launch. */
  private static final class Late implements Defect {
    private @org.jspecify.annotations.Nullable Tensor waiting;
    private long @org.jspecify.annotations.Nullable [] result;

    @Override
    public synchronized void spoil(Shot shot) {
      Tensor y = shot.tensor("y");
      long[] before = HostTensors.codes(y);
      shot.run();
      long[] now = HostTensors.codes(y);
      HostTensors.writeCodes(y, before);
      Tensor late = waiting;
      long[] codes = result;
      if (late != null && codes != null && !late.buffer().isClosed()) {
        HostTensors.writeCodes(shot.visible(late), codes);
      }
      waiting = shot.argument("y");
      result = now;
    }
  }

  /** Declares more than is true. */
  private static final class ClaimingDevice implements DelegatingDevice {
    private final BackendDevice device;

    ClaimingDevice(BackendDevice device) {
      this.device = device;
    }

    @Override
    public BackendDevice device() {
      return device;
    }

    @Override
    public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
      if (spec.op() != Op.GEMM_FP32 || !(device.plan(spec) instanceof Plan.Runs<A> runs)) {
        return device.plan(spec);
      }
      KernelTraits stronger = runs.traits().with(Accumulator.F64);
      return new Plan.Runs<>(runs.kernel(), stronger, runs.build());
    }
  }
}
