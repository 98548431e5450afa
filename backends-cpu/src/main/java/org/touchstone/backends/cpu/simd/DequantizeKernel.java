package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
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

/**
 * Multiplies a row's codes by their scales, rounded to odd where the result is narrower than FP32.
 */
final class DequantizeKernel implements Kernel<DequantizeArgs> {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

  /** The rest of a product is at most 48 binary places below it, and so a normal number. */
  private static final float LEAST = 0x1p-70f;

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
    if (spec.output() == DType.BF16) {
      scaleToOdd(values, from, to, scale);
      return;
    }
    for (int i = from; i < to; i++) {
      values[i] *= scale;
    }
  }

  /** As {@link #toOdd}: the rest of a product comes from a fused multiply-add. */
  private static void scaleToOdd(float[] values, int from, int to, float scale) {
    int i = from;
    for (; i <= to - F.length(); i += F.length()) {
      FloatVector x = FloatVector.fromArray(F, values, i);
      FloatVector y = x.mul(scale);
      FloatVector magnitude = y.abs();
      // Below, the rest may underflow; above, and for NaN, there is none.
      if (!magnitude
              .compare(VectorOperators.GE, LEAST)
              .or(x.compare(VectorOperators.EQ, 0f))
              .allTrue()
          || !magnitude.compare(VectorOperators.LE, Float.MAX_VALUE).allTrue()) {
        oneByOne(values, i, i + F.length(), scale);
        continue;
      }
      FloatVector rest = x.fma(FloatVector.broadcast(F, scale), y.neg());
      VectorMask<Integer> inexact = rest.compare(VectorOperators.NE, 0f).cast(I);
      IntVector bits = y.reinterpretAsInts();
      // The product was rounded away from zero where the rest has the other sign.
      VectorMask<Integer> away =
          bits.lanewise(VectorOperators.XOR, rest.reinterpretAsInts())
              .compare(VectorOperators.LT, 0)
              .and(inexact);
      bits = bits.lanewise(VectorOperators.SUB, 1, away);
      bits.lanewise(VectorOperators.OR, 1, inexact).reinterpretAsFloats().intoArray(values, i);
    }
    oneByOne(values, i, to, scale);
  }

  private static void oneByOne(float[] values, int from, int to, float scale) {
    for (int i = from; i < to; i++) {
      values[i] = toOdd((double) values[i] * scale);
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
