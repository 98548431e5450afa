package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;
import org.touchstone.backends.oracle.OracleRequest.Regime;
import org.touchstone.backends.oracle.Scope;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Launches kernels of a CPU device on host tensors and judges what they return. */
public final class Launches implements AutoCloseable {
  private static final int WORKSPACE_POISON = 0x7FC0_DEAD;

  private final BackendDevice device;
  private final ReferenceOracle oracle = new ReferenceOracle();

  private Launches(BackendDevice device) {
    this.device = device;
  }

  /** Opens {@code cpu://simd}. */
  public static Launches simd(int threads) {
    return new Launches(
        new SimdDevice(
            new CpuMemory.Source(), new CpuThreads(threads), TestKernels.chosen(), CpuQueue::new));
  }

  /** Opens {@code cpu://reference}. */
  public static Launches reference() {
    return new Launches(
        new ReferenceDevice(new CpuMemory.Source(), new CpuThreads(2), CpuQueue::new));
  }

  /** Launches with a poisoned workspace and returns what the kernel declares. */
  public <A extends Args> KernelTraits run(OpSpec<A> spec, A args) {
    spec.check(spec.signature().check(args));
    Plan.Runs<A> plan = (Plan.Runs<A>) device.plan(spec);
    Kernel<A> kernel = plan.build().get();
    try (var workspace = device.memory().allocate(kernel.workspaceBytes(args))) {
      MemorySegment bytes = workspace.host().orElseThrow();
      for (long i = 0; i + 4 <= bytes.byteSize(); i += 4) {
        bytes.set(ValueLayout.JAVA_INT_UNALIGNED, i, WORKSPACE_POISON);
      }
      kernel.launch(device.openQueue(), args, workspace);
    }
    kernel.close();
    return plan.traits();
  }

  /** Launches and asserts that every output lies within the reference's bound. */
  public <A extends Args> void runAndJudge(String what, OpSpec<A> spec, A args, Regime regime) {
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> before = before(spec, args, arena);
      KernelTraits traits = run(spec, args);
      judge(what, spec, args, new OracleRequest(traits, regime, Scope.ALL, before));
    }
  }

  /** Asserts that every output that was computed lies within the reference's bound. */
  public <A extends Args> void judge(String what, OpSpec<A> spec, A args, OracleRequest request) {
    Expectation expectation = oracle.expect(spec, args, request);
    expectation
        .outputs()
        .forEach(
            (slot, expected) -> {
              Tensor actual = Objects.requireNonNull(args.tensor(slot), slot);
              assertThat(violations(expected, actual))
                  .as("%s: %s of %s", what, slot, spec)
                  .isEmpty();
            });
  }

  private static Map<String, Tensor> before(OpSpec<?> spec, Args args, Arena arena) {
    Map<String, Tensor> before = new HashMap<>();
    for (Slot slot : spec.signature().slots()) {
      Tensor tensor = args.tensor(slot.name());
      if (tensor != null && slot.access() == Slot.Access.INOUT) {
        Tensor copy = HostTensors.allocate(arena, tensor.dtype(), tensor.shape().dims());
        HostTensors.writeCodes(copy, HostTensors.codes(tensor));
        before.put(slot.name(), copy);
      }
    }
    return before;
  }

  private static List<String> violations(Expected expected, Tensor actual) {
    return switch (expected) {
      case Expected.Interval interval -> violations(interval, actual);
      case Expected.Codes codes -> violations(codes, actual);
      case Expected.Verified verified -> verified.violations();
    };
  }

  private static List<String> violations(Expected.Codes codes, Tensor actual) {
    long[] all = HostTensors.codes(actual);
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < codes.codes().length && wrong.size() < 5; i++) {
      int at = codes.index() == null ? i : Math.toIntExact(codes.index()[i]);
      if (all[at] != codes.codes()[i]) {
        wrong.add("[%d] is 0x%x, expected 0x%x".formatted(at, all[at], codes.codes()[i]));
      }
    }
    return wrong;
  }

  private static List<String> violations(Expected.Interval interval, Tensor actual) {
    double[] all = HostTensors.doubles(actual);
    double[] values = new double[interval.value().length];
    FloatFormat format = interval.type().format();
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < values.length && wrong.size() < 5; i++) {
      values[i] = all[interval.index() == null ? i : Math.toIntExact(interval.index()[i])];
      double value = interval.value()[i];
      double error = interval.error()[i];
      double low = format.roundTo(value - error, interval.saturation());
      double high = format.roundTo(value + error, interval.saturation());
      boolean right =
          (Double.isNaN(low) && Double.isNaN(high))
              ? Double.isNaN(values[i])
              : low <= values[i] && values[i] <= high;
      if (!right) {
        wrong.add("[" + i + "] is " + values[i] + ", expected " + value + " +- " + error);
      }
    }
    return wrong;
  }

  @Override
  public void close() {
    device.close();
  }
}
