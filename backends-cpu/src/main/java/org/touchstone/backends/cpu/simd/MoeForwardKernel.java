package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * Sorts token slots by expert, computes gate, up and activation for panels of each expert's hidden
 * columns, then the down projection for panels of output columns, and adds every token's outputs in
 * slot order. Tasks are panels, so one token keeps all threads busy; nothing is added by two
 * threads.
 */
final class MoeForwardKernel implements Kernel<MoeForwardArgs> {
  private static final Ulps ULPS = new Ulps(VectorMath.TANH_ULPS, 1, 0.5, 1, 1);

  /** Slots whose tensors may be packed. */
  private static final Set<String> WEIGHTS = Set.of("w1", "w2", "sharedW1", "sharedW2");

  private final MoeForwardSpec spec;
  private final Engine engine;

  private MoeForwardKernel(MoeForwardSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<MoeForwardArgs> plan(MoeForwardSpec spec, Engine engine) {
    DType dtype = spec.operands().dtype();
    if (!engine.kernels().reads(spec.weightLayout(), dtype)) {
      return engine.refuses(spec.weightLayout(), dtype);
    }
    KernelTraits traits = engine.kernels().productTraits(spec.operands()).with(ULPS);
    return Plan.runs(
        "moe_forward." + engine.kernels().name(), traits, new MoeForwardKernel(spec, engine));
  }

  @Override
  public Layout preferredLayout(String slot) {
    return WEIGHTS.contains(slot)
        ? engine.kernels().preferredWeights(spec.operands().dtype())
        : Layout.PLAIN;
  }

  @Override
  public long workspaceBytes(MoeForwardArgs args) {
    return new MoeWorkspace(spec, args.x().dim(0)).bytes;
  }

  @Override
  public void launch(BackendQueue queue, MoeForwardArgs args, DeviceMemory workspace) {
    MemorySegment memory = workspace.host().orElseThrow();
    new MoeForwardLaunch(spec, args, memory, engine).run();
  }
}
