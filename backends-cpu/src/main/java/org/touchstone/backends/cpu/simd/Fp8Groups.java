package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8Scaling;
import org.touchstone.api.format.ScaleMode;

/** Quantises groups of activations to E4M3FN with an FP32 scale, as between two products. */
final class Fp8Groups {
  private static final Fp8Scaling SCALING = Fp8Scaling.ofE4m3Fn(DType.F32, ScaleMode.FP32);

  private Fp8Groups() {}

  /** Writes the codes of a group from a byte offset on; returns its scale. */
  static float quantise(float[] x, int count, MemorySegment to, long byteOffset) {
    float amax = 0;
    for (int i = 0; i < count; i++) {
      amax = Math.max(amax, Math.abs(x[i]));
    }
    float scale = SCALING.scaleFor(amax);
    for (int i = 0; i < count; i++) {
      to.set(ValueLayout.JAVA_BYTE, byteOffset + i, SCALING.quantize(x[i], scale));
    }
    return scale;
  }
}
