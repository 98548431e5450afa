package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Ulps;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.cpu.CpuThreads;
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

  private final MoeForwardSpec spec;
  private final CpuThreads threads;

  private MoeForwardKernel(MoeForwardSpec spec, CpuThreads threads) {
    this.spec = spec;
    this.threads = threads;
  }

  static Plan<MoeForwardArgs> plan(MoeForwardSpec spec, CpuThreads threads) {
    if (!spec.weightLayout().plain()) {
      return Plan.refuses(
          ReasonCode.LAYOUT,
          "weights are " + spec.weightLayout() + ", the kernel reads plain ones");
    }
    KernelTraits traits =
        KernelTraits.PLAIN_F32.with(WeightProduct.chain(spec.operands().scaled())).with(ULPS);
    return Plan.runs("moe_forward.panel", traits, new MoeForwardKernel(spec, threads));
  }

  @Override
  public long workspaceBytes(MoeForwardArgs args) {
    return new MoeWorkspace(spec, args.x().dim(0)).bytes;
  }

  @Override
  public void launch(BackendQueue queue, MoeForwardArgs args, DeviceMemory workspace) {
    MemorySegment memory = workspace.host().orElseThrow();
    new MoeForwardLaunch(spec, args, memory, threads).run();
  }
}
