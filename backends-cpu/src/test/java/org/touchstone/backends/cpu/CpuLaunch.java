package org.touchstone.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
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

/**
 * Runs specs on one CPU device with tensors in any host memory, and judges what it returned. The
 * workspace holds NaN patterns before every launch.
 */
final class CpuLaunch implements AutoCloseable {
  private static final ReferenceOracle ORACLE = new ReferenceOracle();
  private static final byte POISON = (byte) 0xFF;

  private final BackendDevice device;

  /** The devices that a golden vector runs on. */
  enum Kind {
    SIMD,
    REFERENCE;

    CpuLaunch open() {
      return this == SIMD ? simd() : reference();
    }
  }

  private CpuLaunch(BackendDevice device) {
    this.device = device;
  }

  static CpuLaunch simd() {
    return simd(2);
  }

  static CpuLaunch simd(int threads) {
    return new CpuLaunch(
        new SimdDevice(new CpuMemory.Source(), new CpuThreads(threads), CpuQueue::new));
  }

  static CpuLaunch reference() {
    return new CpuLaunch(
        new ReferenceDevice(new CpuMemory.Source(), new CpuThreads(2), CpuQueue::new));
  }

  <A extends Args> KernelTraits traits(OpSpec<A> spec) {
    return plan(spec).traits();
  }

  private <A extends Args> Plan.Runs<A> plan(OpSpec<A> spec) {
    return switch (device.plan(spec)) {
      case Plan.Runs<A> runs -> runs;
      case Plan.Refuses<A> refuses -> throw new AssertionError(spec + ": " + refuses.reason());
    };
  }

  /** Checks the arguments as the HAL does, and runs. */
  <A extends Args> void run(OpSpec<A> spec, A args) {
    spec.check(spec.signature().check(args));
    Kernel<A> kernel = plan(spec).build().get();
    try (DeviceMemory workspace = device.memory().allocate(kernel.workspaceBytes(args))) {
      workspace.host().ifPresent(memory -> memory.fill(POISON));
      kernel.launch(device.openQueue(), args, workspace);
    }
    kernel.close();
  }

  /** Runs, and returns one line for every wrong element. */
  <A extends Args> List<String> runAndJudge(OpSpec<A> spec, A args, Regime regime) {
    poisonOutputs(spec, args);
    run(spec, args);
    return judge(spec, args, regime);
  }

  private static <A extends Args> void poisonOutputs(OpSpec<A> spec, A args) {
    spec.signature().slots().stream()
        .filter(slot -> slot.written() && !slot.read())
        .map(slot -> args.tensor(slot.name()))
        .forEach(
            tensor -> {
              if (tensor != null) {
                long[] codes = new long[Math.toIntExact(tensor.shape().elements())];
                java.util.Arrays.fill(codes, -1);
                HostTensors.writeCodes(tensor, codes);
              }
            });
  }

  /** Judges outputs by what this device declares; returns one line for every wrong element. */
  <A extends Args> List<String> judge(OpSpec<A> spec, A args, Regime regime) {
    OracleRequest request = new OracleRequest(traits(spec), regime, Scope.ALL, Map.of());
    List<String> wrong = new ArrayList<>();
    ORACLE
        .expect(spec, args, request)
        .outputs()
        .forEach(
            (slot, expected) -> {
              Tensor actual = args.tensor(slot);
              if (actual == null) {
                wrong.add("an expectation for the absent output " + slot);
                return;
              }
              switch (expected) {
                case Expected.Interval interval -> judge(slot, interval, actual, wrong);
                case Expected.Codes codes -> judge(slot, codes, actual, wrong);
                case Expected.Verified verified ->
                    verified.violations().forEach(v -> wrong.add(slot + ": " + v));
              }
            });
    return wrong;
  }

  private static void judge(
      String slot, Expected.Interval expected, Tensor tensor, List<String> wrong) {
    double[] actual = HostTensors.doubles(tensor);
    FloatFormat format = expected.type().format();
    for (int i = 0; i < expected.value().length; i++) {
      int at = expected.index() == null ? i : (int) expected.index()[i];
      double value = expected.value()[i];
      double error = expected.error()[i];
      if (!(error >= 0)) {
        wrong.add(slot + "[" + at + "] has the bound " + error);
      }
      double low = format.roundTo(value - error, expected.saturation());
      double high = format.roundTo(value + error, expected.saturation());
      boolean nan = Double.isNaN(low) && Double.isNaN(high);
      boolean right = nan ? Double.isNaN(actual[at]) : low <= actual[at] && actual[at] <= high;
      if (!right) {
        wrong.add(slot + "[" + at + "] is " + actual[at] + ", expected " + value + " +- " + error);
      }
    }
  }

  private static void judge(
      String slot, Expected.Codes expected, Tensor tensor, List<String> wrong) {
    long[] actual = HostTensors.codes(tensor);
    for (int i = 0; i < expected.codes().length; i++) {
      int at = expected.index() == null ? i : (int) expected.index()[i];
      if (actual[at] != expected.codes()[i]) {
        wrong.add(slot + "[" + at + "] is " + actual[at] + ", expected " + expected.codes()[i]);
      }
    }
  }

  @Override
  public void close() {
    device.close();
  }
}
