package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8Scaling;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.backends.cpu.micro.RowKernels;

/** Quantises groups of activations to E4M3FN with an FP32 scale, as between two products. */
final class Fp8Groups {
  private static final Fp8Scaling SCALING = Fp8Scaling.ofE4m3Fn(DType.F32, ScaleMode.FP32);

  private Fp8Groups() {}

  /** Writes the codes of a group from a byte offset on; returns its scale. */
  static float quantise(
      RowKernels kernels, float[] x, int count, MemorySegment to, long byteOffset) {
    float scale = SCALING.scaleFor(kernels.amax(x, count));
    codes(kernels, SCALING, x, count, scale, to, byteOffset);
    return scale;
  }

  /** Writes the codes of elements of a group whose scale is known, see {@link Fp8Scaling}. */
  static void codes(
      RowKernels kernels,
      Fp8Scaling scaling,
      float[] x,
      int count,
      float scale,
      MemorySegment to,
      long byteOffset) {
    if (scaling.scaleType() == DType.E8M0 && !Float.isFinite(scale)) {
      to.asSlice(byteOffset, count).fill((byte) 0);
    } else {
      kernels.quantise(x, count, scale, scaling.maxValue(), to, byteOffset);
    }
  }
}
