package org.touchstone.backends.cpu.simd;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Computes C in blocks by {@link WeightProduct}, one block per task. */
final class GemmKernel implements Kernel<GemmArgs> {
  private final GemmSpec spec;
  private final CpuThreads threads;

  private GemmKernel(GemmSpec spec, CpuThreads threads) {
    this.spec = spec;
    this.threads = threads;
  }

  static Plan<GemmArgs> plan(GemmSpec spec, CpuThreads threads) {
    if (!spec.weightLayout().plain()) {
      return Plan.refuses(
          ReasonCode.LAYOUT, "the SIMD product reads PLAIN weights, not " + spec.weightLayout());
    }
    return Plan.runs("gemm.rows", traits(spec.operands()), new GemmKernel(spec, threads));
  }

  /** Returns what a product of such operands declares. */
  static KernelTraits traits(GemmOperands operands) {
    return KernelTraits.PLAIN_F32.with(WeightProduct.chain(operands == GemmOperands.FP8_BLOCK));
  }

  @Override
  public void launch(BackendQueue queue, GemmArgs args, DeviceMemory workspace) {
    boolean blockScaled = spec.operands() == GemmOperands.FP8_BLOCK;
    GemmBlocks blocks = GemmBlocks.of(args.c().dim(0), spec.n());
    GemmWeight weight = GemmWeight.of(args.b(), blockScaled ? args.scaleB() : null, 0);
    GemmEpilogue epilogue =
        GemmEpilogue.of(
            spec.operands(),
            spec.k() == 0 ? null : args.scaleA(),
            spec.k() == 0 ? null : args.scaleB(),
            args.bias(),
            args.c(),
            spec.accumulation());
    threads.forEach(
        blocks.count(),
        blocks.cost(spec.k()),
        block -> block(args, blocks, block, weight, epilogue));
  }

  private void block(
      GemmArgs args, GemmBlocks blocks, long block, GemmWeight weight, GemmEpilogue epilogue) {
    GemmScratch scratch = GemmScratch.ofThread();
    long m0 = blocks.firstRow(block);
    long n0 = blocks.firstColumn(block);
    int m = blocks.rows(block);
    int n = blocks.columns(block);
    GemmRows rows =
        GemmRows.OfTensor.of(
            args.a(), spec.operands() == GemmOperands.FP8_BLOCK ? args.scaleA() : null, m0);
    int stride = WeightProduct.compute(rows, m, weight, n0, n, scratch);
    boolean perRow = spec.operands() == GemmOperands.FP8_CHANNEL;
    long pitch = args.c().strides().step(0);
    for (int i = 0; i < m; i++) {
      epilogue.finish(
          scratch.out,
          i * stride,
          n,
          perRow ? m0 + i : 0,
          perRow ? n0 : 0,
          n0,
          (m0 + i) * pitch + n0,
          scratch);
    }
  }
}
