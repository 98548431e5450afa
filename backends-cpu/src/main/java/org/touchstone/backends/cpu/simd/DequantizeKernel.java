package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.E8m0;
import org.touchstone.api.op.DequantizeArgs;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/** Multiplies a row's codes by their scales, in FP64 where FP32 would round the product twice. */
final class DequantizeKernel implements Kernel<DequantizeArgs> {
  private final DequantizeSpec spec;
  private final Engine engine;

  private DequantizeKernel(DequantizeSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<DequantizeArgs> plan(DequantizeSpec spec, Engine engine) {
    return Plan.runs(
        "dequantize.strips", KernelTraits.PLAIN_F32, new DequantizeKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, DequantizeArgs args, DeviceMemory workspace) {
    CodeRows q = new CodeRows(args.q(), engine.kernels());
    TensorRows y = TensorRows.of(args.y(), engine.kernels());
    engine.forEach(args.q().dim(0), 4 * spec.columns(), row -> row(args, q, y, row));
  }

  private void row(DequantizeArgs args, CodeRows q, TensorRows y, long row) {
    float[] values = Strip.mine().a;
    long scaleRow = row / spec.blockRows();
    for (long from = 0; from < spec.columns(); from += Strip.LENGTH) {
      int count = Strip.count(spec.columns(), from);
      q.load(row, from, values, count);
      int at = 0;
      while (at < count) {
        long block = (from + at) / spec.blockColumns();
        int end = (int) Math.min(count, (block + 1) * spec.blockColumns() - from);
        scale(values, at, end, scaleAt(args.scale(), scaleRow, block));
        at = end;
      }
      y.store(row, from, values, 0, count);
    }
  }

  private void scale(float[] values, int from, int to, float scale) {
    boolean narrow = spec.output() == DType.BF16;
    for (int i = from; i < to; i++) {
      values[i] = narrow ? toOdd((double) values[i] * scale) : values[i] * scale;
    }
  }

  /**
   * Rounds to FP32 such that a second rounding, to fewer bits, gives what one rounding of the exact
   * value gives: towards zero, with the last bit set when anything was lost.
   */
  private static float toOdd(double exact) {
    float nearest = (float) exact;
    if (nearest == exact || !Float.isFinite(nearest)) {
      return nearest;
    }
    int bits = Float.floatToRawIntBits(nearest);
    if (Math.abs((double) nearest) > Math.abs(exact)) {
      bits--;
    }
    return Float.intBitsToFloat(bits | 1);
  }

  private static float scaleAt(Tensor scale, long row, long block) {
    MemorySegment memory = Memories.host(scale);
    long element = row * scale.strides().step(0) + block;
    return scale.dtype() == DType.E8M0
        ? E8m0.toFloat(memory.get(ValueLayout.JAVA_BYTE, element))
        : memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * element);
  }
}
