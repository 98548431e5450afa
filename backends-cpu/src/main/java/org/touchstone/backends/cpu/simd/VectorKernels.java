package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.cpu.micro.AttentionTile;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.Weight;

/** Micro-kernels in the Vector API; they run wherever the JVM does. */
public final class VectorKernels extends VectorRowKernels implements MicroKernels {
  /** The only instance. */
  public static final VectorKernels INSTANCE = new VectorKernels();

  private VectorKernels() {}

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public Layout preferredWeights(DType dtype) {
    return PackedWeights.accepts(dtype) ? PackedWeights.LAYOUT : Layout.PLAIN;
  }

  @Override
  public boolean reads(Layout layout, DType dtype) {
    return layout.plain() || layout.equals(preferredWeights(dtype));
  }

  @Override
  public void pack(Tensor plain, Tensor packed) {
    PackedBlocks.pack(plain, packed);
  }

  @Override
  public void unpack(Tensor packed, Tensor plain) {
    PackedBlocks.unpack(packed, plain);
  }

  @Override
  public KernelTraits productTraits(GemmOperands operands) {
    return KernelTraits.PLAIN_F32.with(WeightProduct.CHAIN);
  }

  @Override
  public int columnAlignment() {
    return WeightProduct.COLUMN_ALIGNMENT;
  }

  @Override
  public int productColumns(int m) {
    return WeightProduct.columns(m);
  }

  @Override
  public int product(ActivationRows a, int m, Weight w, long n0, int n, float[] out) {
    return WeightProduct.compute(a, m, w, n0, n, out);
  }

  @Override
  public KernelTraits attentionTraits(long depth) {
    return VectorAttentionTile.traits(depth);
  }

  @Override
  public AttentionTile attentionTile(
      long depth, long valueDim, AttentionTile.Values values, AttentionTile.Sharing sharing) {
    return VectorAttentionTile.of(depth, valueDim, values);
  }

  @Override
  public void accumulate(
      ActivationRows a, int m, Weight w, int terms, MemorySegment c, long byteOffset, long pitch) {
    TransposedProduct.compute(a, m, w, terms, c, byteOffset, pitch);
  }
}
