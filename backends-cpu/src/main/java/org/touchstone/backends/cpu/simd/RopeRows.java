package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.backends.cpu.micro.RowKernels.HeadRows;

/**
 * Rotates pairs by the Vector API. Neighbours use vectors of doubled cosines and of sines with
 * alternating signs: {@code y = x cc + swap(x) ss}.
 */
final class RopeRows {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> i ^ 1);

  private RopeRows() {}

  static void halves(HeadRows x, HeadRows y, float[] cos, float[] sin, int pairs, long distance) {
    Strip strip = Strip.mine();
    long apart = distance * Strip.bytes(x.dtype());
    for (int head = 0; head < x.heads(); head++) {
      long from = x.byteOffset() + head * x.headPitch();
      long to = y.byteOffset() + head * y.headPitch();
      FloatRows.load(x.memory(), from, x.dtype(), strip.a, 0, pairs);
      FloatRows.load(x.memory(), from + apart, x.dtype(), strip.b, 0, pairs);
      for (int i = 0; i < pairs; i += F.length()) {
        FloatVector p = FloatVector.fromArray(F, strip.a, i);
        FloatVector q = FloatVector.fromArray(F, strip.b, i);
        FloatVector c = FloatVector.fromArray(F, cos, i);
        FloatVector s = FloatVector.fromArray(F, sin, i);
        p.fma(c, q.mul(s).neg()).intoArray(strip.a, i);
        q.fma(c, p.mul(s)).intoArray(strip.b, i);
      }
      FloatRows.store(strip.a, 0, y.memory(), to, y.dtype(), pairs);
      FloatRows.store(strip.b, 0, y.memory(), to + apart, y.dtype(), pairs);
    }
  }

  static void neighbours(HeadRows x, HeadRows y, float[] cos, float[] sin, int pairs) {
    Strip strip = Strip.mine();
    // The other arrays of the strip may be the caller's.
    float[] row = FloatScratch.current().rows(Strip.LENGTH);
    int most = Strip.LENGTH / 2;
    long bytes = Strip.bytes(x.dtype());
    for (int first = 0; first < pairs; first += most) {
      int count = 2 * Math.min(most, pairs - first);
      for (int i = 0; i < count; i += 2) {
        strip.a[i] = cos[first + i / 2];
        strip.a[i + 1] = cos[first + i / 2];
        strip.b[i] = -sin[first + i / 2];
        strip.b[i + 1] = sin[first + i / 2];
      }
      for (int head = 0; head < x.heads(); head++) {
        long from = x.byteOffset() + head * x.headPitch() + 2L * first * bytes;
        long to = y.byteOffset() + head * y.headPitch() + 2L * first * bytes;
        FloatRows.load(x.memory(), from, x.dtype(), row, 0, count);
        for (int i = 0; i < count; i += F.length()) {
          FloatVector v = FloatVector.fromArray(F, row, i);
          v.fma(
                  FloatVector.fromArray(F, strip.a, i),
                  v.rearrange(SWAP).mul(FloatVector.fromArray(F, strip.b, i)))
              .intoArray(row, i);
        }
        FloatRows.store(row, 0, y.memory(), to, y.dtype(), count);
      }
    }
  }
}
