package org.touchstone.backends.cpu.simd;

import org.touchstone.api.Layout;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.cpu.micro.Weight;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Computes C in blocks by a micro-kernel, one block per task. */
final class GemmKernel implements Kernel<GemmArgs> {
  private final GemmSpec spec;
  private final Engine engine;

  private GemmKernel(GemmSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<GemmArgs> plan(GemmSpec spec, Engine engine) {
    return engine.product(
        "gemm.", spec.operands(), spec.weightLayout(), () -> new GemmKernel(spec, engine));
  }

  @Override
  public Layout preferredLayout(String slot) {
    return engine.preferredWeights(slot, spec.operands());
  }

  @Override
  public void launch(BackendQueue queue, GemmArgs args, DeviceMemory workspace) {
    boolean blockScaled = spec.operands() == GemmOperands.FP8_BLOCK;
    GemmBlocks blocks = GemmBlocks.of(args.c().dim(0), spec.n(), engine);
    Weight weight = Weight.of(args.b(), blockScaled ? args.scaleB() : null, 0);
    GemmEpilogue epilogue =
        GemmEpilogue.of(
            spec.operands(),
            spec.k() == 0 ? null : args.scaleA(),
            spec.k() == 0 ? null : args.scaleB(),
            args.bias(),
            args.c(),
            spec.accumulation());
    engine.forEach(
        blocks.count(),
        blocks.cost(spec.k()),
        block -> block(args, blocks, block, weight, epilogue));
  }

  private void block(
      GemmArgs args, GemmBlocks blocks, long block, Weight weight, GemmEpilogue epilogue) {
    GemmScratch scratch = GemmScratch.ofThread();
    long m0 = blocks.firstRow(block);
    long n0 = blocks.firstColumn(block);
    int m = blocks.rows(block);
    int n = blocks.columns(block);
    GemmRows rows =
        GemmRows.of(args.a(), spec.operands() == GemmOperands.FP8_BLOCK ? args.scaleA() : null, m0);
    int stride = engine.kernels().product(rows, m, weight, n0, n, scratch.out);
    boolean perRow = spec.operands() == GemmOperands.FP8_CHANNEL;
    long pitch = args.c().strides().step(0);
    epilogue.finish(
        new GemmEpilogue.Place(m0, perRow ? n0 : 0, n0, m0 * pitch + n0, pitch, m, n),
        stride,
        scratch,
        engine.kernels());
  }
}
