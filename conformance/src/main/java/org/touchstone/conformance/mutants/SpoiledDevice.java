package org.touchstone.conformance.mutants;

import java.util.Set;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Plan;

/** A correct device whose kernels of some operators are spoiled. */
record SpoiledDevice(BackendDevice device, Set<Op> ops, Defect defect) implements DelegatingDevice {
  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return switch (device.plan(spec)) {
      case Plan.Refuses<A> refuses -> refuses;
      case Plan.Runs<A> runs when !ops.contains(spec.op()) -> runs;
      case Plan.Runs<A> runs ->
          new Plan.Runs<>(
              runs.kernel(),
              runs.traits(),
              () -> new SpoiledKernel<>(spec, runs.build().get(), device, defect));
    };
  }
}
