package org.touchstone.backends.cpu.reference;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.Ulps;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.oracle.OracleRequest;
import org.touchstone.backends.oracle.Scope;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.spi.SpecSizes;

/** The oracle as a device: every operator in FP64, rounded once at the output. */
public final class ReferenceDevice implements BackendDevice {
  static final KernelTraits TRAITS =
      KernelTraits.PLAIN_F32
          .with(Accumulator.F64)
          .with(Chain.SEQUENTIAL)
          .with(Ulps.CORRECTLY_ROUNDED);

  private final MemorySource memory;
  private final CpuThreads threads;
  private final Supplier<BackendQueue> queues;

  /** Creates the device; it owns the threads. */
  public ReferenceDevice(MemorySource memory, CpuThreads threads, Supplier<BackendQueue> queues) {
    this.memory = memory;
    this.threads = threads;
    this.queues = queues;
  }

  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return SpecSizes.beyondInt(spec)
        .or(() -> References.of(spec).map(reference -> plan(spec, reference)))
        .orElseGet(
            () -> Plan.refuses(ReasonCode.OPERATOR, spec.op().opName() + " has no reference"));
  }

  private <A extends Args> Plan<A> plan(OpSpec<A> spec, Reference<OpSpec<A>, A> reference) {
    if (spec.signature().slots().stream().anyMatch(slot -> !slot.layout().plain())) {
      return Plan.refuses(ReasonCode.LAYOUT, "the reference reads PLAIN tensors only");
    }
    return Plan.runs(
        "reference",
        TRAITS,
        (queue, args, workspace) ->
            reference.run(
                spec,
                args,
                new OracleRequest(
                    TRAITS, OracleRequest.Regime.RANDOM, Scope.ALL, before(spec, args)),
                threads));
  }

  private static Map<String, Tensor> before(OpSpec<?> spec, Args args) {
    Map<String, Tensor> before = new HashMap<>();
    List<Slot> slots = spec.signature().slots();
    List<@Nullable Tensor> tensors = args.tensors();
    for (int i = 0; i < slots.size(); i++) {
      Tensor tensor = tensors.get(i);
      if (tensor != null && slots.get(i).access() == Slot.Access.INOUT) {
        before.put(slots.get(i).name(), tensor);
      }
    }
    return before;
  }

  @Override
  public MemorySource memory() {
    return memory;
  }

  @Override
  public BackendQueue openQueue() {
    return queues.get();
  }

  @Override
  public void close() {
    threads.close();
  }
}
