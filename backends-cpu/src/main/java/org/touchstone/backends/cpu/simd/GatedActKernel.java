package org.touchstone.backends.cpu.simd;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.Activation.GateLayout;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Activates a fused projection strip by strip. */
final class GatedActKernel implements Kernel<GatedActArgs> {
  /** Rough cost of an exponential and a division in element operations. */
  private static final int COST = 8;

  private final Activation activation;
  private final long intermediate;
  private final Engine engine;

  private GatedActKernel(GatedActSpec spec, Engine engine) {
    this.activation = spec.activation();
    this.intermediate = spec.intermediate();
    this.engine = engine;
  }

  static Plan<GatedActArgs> plan(GatedActSpec spec, Engine engine) {
    return Plan.runs(
        "gated_act.strips",
        KernelTraits.PLAIN_F32.with(engine.kernels().ulps()),
        new GatedActKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, GatedActArgs args, DeviceMemory workspace) {
    TensorRows h = TensorRows.of(args.h(), engine.kernels());
    TensorRows a = TensorRows.of(args.a(), engine.kernels());
    long strips = Math.ceilDiv(intermediate, Strip.LENGTH);
    long all = args.a().dim(0) * strips;
    long perTask = Strip.rowsPerTask(intermediate);
    engine.forEach(
        Math.ceilDiv(all, perTask),
        COST * Math.min(Strip.LENGTH, intermediate * perTask),
        task -> {
          long end = Math.min(all, (task + 1) * perTask);
          for (long strip = task * perTask; strip < end; strip++) {
            strip(h, a, strip / strips, strip % strips * Strip.LENGTH);
          }
        });
  }

  private void strip(TensorRows h, TensorRows a, long row, long from) {
    Strip strip = Strip.mine();
    int count = Strip.count(intermediate, from);
    if (activation.layout() == GateLayout.GATE_FIRST) {
      h.load(row, from, strip.a, 0, count);
      h.load(row, intermediate + from, strip.b, 0, count);
    } else {
      int first = Math.min(2 * count, Strip.LENGTH);
      h.load(row, 2 * from, strip.c, 0, first);
      h.load(row, 2 * from + first, strip.d, 0, 2 * count - first);
      GatedActStrips.deinterleave(strip.c, strip.d, count, strip.a, strip.b);
    }
    engine.kernels().gatedAct(activation, strip.a, strip.b, count);
    a.store(row, from, strip.a, 0, count);
  }
}
