package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmGroupedArgs;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmGroupedSpec.Grouping;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.cpu.micro.Weight;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/**
 * Lists the segments of adjacent rows of one expert, then computes them in blocks by a
 * micro-kernel: one parallel loop over the blocks of all segments.
 */
final class GemmGroupedKernel implements Kernel<GemmGroupedArgs> {
  private final GemmGroupedSpec spec;
  private final Engine engine;

  private GemmGroupedKernel(GemmGroupedSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<GemmGroupedArgs> plan(GemmGroupedSpec spec, Engine engine) {
    return engine.product(
        "gemm_grouped.",
        spec.operands(),
        spec.weightLayout(),
        () -> new GemmGroupedKernel(spec, engine));
  }

  @Override
  public Layout preferredLayout(String slot) {
    return engine.preferredWeights(slot, spec.operands());
  }

  @Override
  public long workspaceBytes(GemmGroupedArgs args) {
    long most = spec.grouping() == Grouping.CONTIGUOUS ? args.groups().dim(0) : spec.experts();
    return GroupSegments.bytes(most);
  }

  @Override
  public void launch(BackendQueue queue, GemmGroupedArgs args, DeviceMemory workspace) {
    MemorySegment memory =
        workspace
            .host()
            .orElseThrow(
                () -> new HalException(ErrorCode.INTERNAL, "the workspace is not host memory"));
    GroupSegments segments =
        GroupSegments.of(spec, args.groups(), args.a().dim(-2), memory, engine);
    GemmEpilogue epilogue =
        GemmEpilogue.of(
            spec.operands(),
            spec.k() == 0 ? null : args.scaleA(),
            spec.k() == 0 ? null : args.scaleB(),
            null,
            args.c(),
            GemmSpec.Accumulation.OVERWRITE);
    engine.forEach(
        segments.blocks(),
        GemmBlocks.of(WeightProduct.ROWS, spec.n(), engine).cost(spec.k()),
        block -> block(args, segments, block, epilogue));
  }

  private void block(
      GemmGroupedArgs args, GroupSegments segments, long number, GemmEpilogue epilogue) {
    GemmScratch scratch = GemmScratch.ofThread();
    int segment = segments.segmentOf(number);
    long expert = segments.expert(segment);
    GemmBlocks blocks = GemmBlocks.of(segments.rows(segment), spec.n(), engine);
    long block = number - segments.firstBlock(segment);
    long row = segments.firstRow(segment) + blocks.firstRow(block);
    long n0 = blocks.firstColumn(block);
    int m = blocks.rows(block);
    int n = blocks.columns(block);
    boolean masked = spec.grouping() == Grouping.MASKED;
    boolean blockScaled = spec.operands() == GemmOperands.FP8_BLOCK;
    Tensor scaleA = args.scaleA();
    GemmRows rows =
        new GemmRows(
            Memories.host(args.a()),
            spec.operands().dtype(),
            masked ? expert * args.a().strides().step(0) : 0,
            row,
            args.a().strides().step(-2),
            blockScaled && scaleA != null ? Memories.host(scaleA) : null,
            blockScaled && masked && scaleA != null ? expert * scaleA.strides().step(0) : 0,
            blockScaled && scaleA != null ? scaleA.strides().step(-2) : 0);
    Weight weight = Weight.of(args.b(), blockScaled ? args.scaleB() : null, expert);
    int stride = engine.kernels().product(rows, m, weight, n0, n, scratch.out);
    boolean perRow = spec.operands() == GemmOperands.FP8_CHANNEL;
    long scaleRow = perRow && masked && scaleA != null ? expert * scaleA.strides().step(0) : 0;
    long first = masked ? expert * args.c().strides().step(0) : 0;
    long pitch = args.c().strides().step(-2);
    epilogue.finish(
        new GemmEpilogue.Place(
            scaleRow + row,
            perRow ? expert * spec.n() + n0 : expert,
            n0,
            first + row * pitch + n0,
            pitch,
            m,
            n),
        stride,
        scratch,
        engine.kernels());
  }
}
