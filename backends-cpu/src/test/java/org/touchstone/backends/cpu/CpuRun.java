package org.touchstone.backends.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.cpu.reference.ReferenceDevice;
import org.touchstone.backends.cpu.reference.ReferenceOracle;
import org.touchstone.backends.cpu.simd.SimdDevice;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;
import org.touchstone.backends.oracle.OracleRequest.Regime;
import org.touchstone.backends.oracle.Scope;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Launches kernels of the CPU devices on host tensors and judges what they return. */
public final class CpuRun implements AutoCloseable {
  /** One for all tests: it starts threads of its own. */
  public static final ReferenceOracle ORACLE = new ReferenceOracle();

  private static final int POISON = 0x7F;

  private final BackendDevice device;

  /** The devices that a golden vector runs on. */
  public enum Kind {
    /** {@code cpu://simd}. */
    SIMD,
    /** {@code cpu://reference}. */
    REFERENCE;

    /** Opens the device. */
    public CpuRun open() {
      return this == SIMD ? simd() : reference();
    }
  }

  private CpuRun(BackendDevice device) {
    this.device = device;
  }

  /** Runs on {@code cpu://simd} with two threads. */
  public static CpuRun simd() {
    return simd(2);
  }

  /** Runs on {@code cpu://simd} with a number of threads. */
  public static CpuRun simd(int threads) {
    return new CpuRun(
        new SimdDevice(
            new CpuMemory.Source(), new CpuThreads(threads), TestKernels.chosen(), CpuQueue::new));
  }

  /** Runs on {@code cpu://reference}. */
  public static CpuRun reference() {
    return new CpuRun(
        new ReferenceDevice(new CpuMemory.Source(), new CpuThreads(1), CpuQueue::new));
  }

  /** Runs a spec on poisoned outputs, or fails when the device refuses it. */
  public <A extends Args> KernelTraits launch(OpSpec<A> spec, A args) {
    spec.check(spec.signature().check(args));
    Plan.Runs<A> plan = plan(spec);
    poison(spec, args);
    Kernel<A> kernel = plan.build().get();
    long bytes = Math.max(1, kernel.workspaceBytes(args));
    MemorySegment workspace = Arena.ofAuto().allocate(bytes, 64);
    workspace.fill((byte) 0xFF);
    kernel.launch(new CpuQueue(), args, new Workspace(workspace));
    return plan.traits();
  }

  private <A extends Args> Plan.Runs<A> plan(OpSpec<A> spec) {
    if (device.plan(spec) instanceof Plan.Runs<A> runs) {
      return runs;
    }
    throw new AssertionError(spec + " is refused: " + device.plan(spec));
  }

  /** Launches and returns one line for every element that the reference does not accept. */
  public <A extends Args> List<String> violations(OpSpec<A> spec, A args, Regime regime) {
    return violations(spec, spec, args, regime);
  }

  /** Launches one spec and judges the result as if it were another's: a defect to be found. */
  public <A extends Args> List<String> violations(
      OpSpec<A> launched, OpSpec<A> spec, A args, Regime regime) {
    Map<Tensor, Tensor> inputs = copies(spec, args, Arena.ofAuto());
    KernelTraits traits = launch(launched, args);
    List<@Nullable Tensor> judged = new ArrayList<>();
    Map<String, Tensor> before = new HashMap<>();
    List<Slot> slots = spec.signature().slots();
    for (int i = 0; i < slots.size(); i++) {
      Tensor tensor = args.tensors().get(i);
      judged.add(tensor != null && !slots.get(i).written() ? inputs.get(tensor) : tensor);
      if (tensor != null && slots.get(i).written() && slots.get(i).read()) {
        before.put(slots.get(i).name(), inputs.get(tensor));
      }
    }
    A seen = Args.of(spec.argsType(), judged);
    List<String> violations = new ArrayList<>();
    ORACLE
        .expect(spec, seen, new OracleRequest(traits, regime, Scope.ALL, before))
        .outputs()
        .forEach((slot, expected) -> judge(slot, args.tensor(slot), expected, violations));
    return violations;
  }

  /** Judges outputs as they are, as this device's; none of them is an input as well. */
  public <A extends Args> List<String> judge(OpSpec<A> spec, A args, Regime regime) {
    List<String> violations = new ArrayList<>();
    ORACLE
        .expect(spec, args, new OracleRequest(plan(spec).traits(), regime, Scope.ALL, Map.of()))
        .outputs()
        .forEach((slot, expected) -> judge(slot, args.tensor(slot), expected, violations));
    return violations;
  }

  private static void judge(
      String slot, @Nullable Tensor tensor, Expected expected, List<String> violations) {
    if (tensor == null) {
      violations.add(slot + " is expected but absent");
      return;
    }
    switch (expected) {
      case Expected.Verified verified -> violations.addAll(verified.violations());
      case Expected.Codes codes -> {
        long[] actual = HostTensors.codes(tensor);
        for (int i = 0; i < codes.codes().length; i++) {
          int element = codes.index() == null ? i : Math.toIntExact(codes.index()[i]);
          if (actual[element] != codes.codes()[i]) {
            violations.add(
                slot + "[" + element + "] is " + actual[element] + ", not " + codes.codes()[i]);
          }
        }
      }
      case Expected.Interval interval -> {
        double[] actual = HostTensors.doubles(tensor);
        for (int i = 0; i < interval.value().length; i++) {
          int element = interval.index() == null ? i : Math.toIntExact(interval.index()[i]);
          outside(actual[element], interval, i)
              .ifPresent(text -> violations.add(slot + "[" + element + "] " + text));
        }
      }
    }
  }

  private static Optional<String> outside(double actual, Expected.Interval interval, int i) {
    FloatFormat format = interval.type().format();
    double value = interval.value()[i];
    double error = interval.error()[i];
    double low = format.roundTo(value - error, interval.saturation());
    double high = format.roundTo(value + error, interval.saturation());
    boolean nan = Double.isNaN(low) && Double.isNaN(high);
    boolean right = error >= 0 && (nan ? Double.isNaN(actual) : low <= actual && actual <= high);
    return right
        ? Optional.empty()
        : Optional.of(actual + " is not within " + value + " +- " + error + " in " + format);
  }

  private static Map<Tensor, Tensor> copies(OpSpec<?> spec, Args args, Arena arena) {
    Map<Tensor, Tensor> copies = new HashMap<>();
    for (Map.Entry<String, Tensor> entry : present(spec, args).entrySet()) {
      Tensor tensor = entry.getValue();
      if (spec.signature().slot(entry.getKey()).read()) {
        Tensor copy = HostTensors.allocate(arena, tensor.dtype(), tensor.shape().dims());
        HostTensors.writeCodes(copy, HostTensors.codes(tensor));
        copies.put(tensor, copy);
      }
    }
    return copies;
  }

  /** Outputs that are no input as well hold garbage before a launch. */
  private static void poison(OpSpec<?> spec, Args args) {
    Map<String, Tensor> all = present(spec, args);
    for (Map.Entry<String, Tensor> entry : all.entrySet()) {
      Slot slot = spec.signature().slot(entry.getKey());
      boolean shared =
          all.entrySet().stream()
              .anyMatch(
                  other ->
                      spec.signature().slot(other.getKey()).read()
                          && other.getValue().overlaps(entry.getValue()));
      if (slot.written() && !shared) {
        Tensor tensor = entry.getValue();
        long[] codes = new long[Math.toIntExact(tensor.shape().elements())];
        java.util.Arrays.fill(
            codes, tensor.dtype().bits() == 32 ? 0x7FA5_5A5AL : POISON << 8 | 0xA5);
        HostTensors.writeCodes(tensor, codes);
      }
    }
  }

  private static Map<String, Tensor> present(OpSpec<?> spec, Args args) {
    Map<String, Tensor> present = new LinkedHashMap<>();
    List<Slot> slots = spec.signature().slots();
    for (int i = 0; i < slots.size(); i++) {
      Tensor tensor = args.tensors().get(i);
      if (tensor != null) {
        present.put(slots.get(i).name(), tensor);
      }
    }
    return present;
  }

  /** Ends the device's threads. */
  @Override
  public void close() {
    device.close();
  }

  private record Workspace(MemorySegment segment) implements DeviceMemory {
    @Override
    public long bytes() {
      return segment.byteSize();
    }

    @Override
    public Optional<MemorySegment> host() {
      return Optional.of(segment);
    }

    @Override
    public void close() {}
  }
}
