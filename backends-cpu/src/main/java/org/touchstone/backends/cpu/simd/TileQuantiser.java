package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.E8m0;
import org.touchstone.api.format.Fp8Scaling;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.backends.cpu.micro.RowKernels;
import org.touchstone.backends.spi.Memories;

/**
 * Quantises tiles of a matrix to E4M3FN, one scale per tile: a pass for the amax, a pass for the
 * codes.
 */
final class TileQuantiser {
  private final Fp8Scaling scaling;
  private final RowKernels kernels;
  private final TensorRows x;
  private final MemorySegment codes;
  private final long codePitch;
  private final Tensor scale;
  private final MemorySegment scales;

  TileQuantiser(Fp8Scaling scaling, Tensor x, Tensor q, Tensor scale, RowKernels kernels) {
    this.scaling = scaling;
    this.kernels = kernels;
    this.x = TensorRows.of(x, kernels);
    codes = Memories.host(q);
    codePitch = q.strides().step(0);
    this.scale = scale;
    scales = Memories.host(scale);
  }

  /** Quantises rows and columns from (inclusive) to (exclusive) into the scale at a place. */
  void tile(
      long fromRow, long toRow, long fromColumn, long toColumn, long scaleRow, long scaleColumn) {
    float[] values = Strip.mine().a;
    float amax = 0;
    for (long row = fromRow; row < toRow; row++) {
      for (long from = fromColumn; from < toColumn; from += Strip.LENGTH) {
        int count = Strip.count(toColumn, from);
        x.load(row, from, values, 0, count);
        amax = Math.max(amax, kernels.amax(values, count));
      }
    }
    float s = scaling.scaleFor(amax);
    for (long row = fromRow; row < toRow; row++) {
      for (long from = fromColumn; from < toColumn; from += Strip.LENGTH) {
        int count = Strip.count(toColumn, from);
        x.load(row, from, values, 0, count);
        Fp8Groups.codes(kernels, scaling, values, count, s, codes, row * codePitch + from);
      }
    }
    put(scaleRow * scale.strides().step(0) + scaleColumn, s);
  }

  /** Quantises a row in groups, each with a scale in the row's scales. */
  void row(long row, long columns, long group) {
    boolean whole =
        scaling.mode() == ScaleMode.FP32
            && scaling.scaleType() == DType.F32
            && group <= RowKernels.ROW
            && kernels.quantiseGroups(
                x.memory,
                x.offset(row, 0),
                x.dtype,
                columns,
                (int) group,
                scaling.amaxFloor(),
                scaling.maxValue(),
                codes,
                row * codePitch,
                scales,
                row * scale.strides().step(0) * Float.BYTES);
    for (long from = 0, g = 0; !whole && from < columns; from += group, g++) {
      tile(row, row + 1, from, Math.min(columns, from + group), row, g);
    }
  }

  private void put(long element, float s) {
    if (scale.dtype() == DType.E8M0) {
      byte code = Float.isFinite(s) ? E8m0.ofPowerOfTwo(s) : E8m0.NAN;
      scales.set(ValueLayout.JAVA_BYTE, element, code);
    } else {
      scales.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * element, Float.isNaN(s) ? Float.NaN : s);
    }
  }
}
