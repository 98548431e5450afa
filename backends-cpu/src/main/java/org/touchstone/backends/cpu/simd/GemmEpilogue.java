package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.cpu.micro.RowKernels;
import org.touchstone.backends.spi.Memories;

/**
 * What follows the dot products of a row: scales that do not vary along K, in the order A, B; then
 * the bias; then the previous C; then one rounding.
 *
 * @param operands says which scales there are; those of FP8_BLOCK are part of the product
 * @param scaleA scales of A, or null when there is nothing to scale
 * @param scaleB scales of B, or null
 * @param bias per column, or null
 * @param c the result
 * @param accumulation whether the previous C is added
 */
record GemmEpilogue(
    GemmOperands operands,
    @Nullable MemorySegment scaleA,
    @Nullable MemorySegment scaleB,
    @Nullable MemorySegment bias,
    MemorySegment c,
    DType output,
    GemmSpec.Accumulation accumulation) {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  static GemmEpilogue of(
      GemmOperands operands,
      @Nullable Tensor scaleA,
      @Nullable Tensor scaleB,
      @Nullable Tensor bias,
      Tensor c,
      GemmSpec.Accumulation accumulation) {
    return new GemmEpilogue(
        operands,
        host(scaleA),
        host(scaleB),
        host(bias),
        Memories.host(c),
        c.dtype(),
        accumulation);
  }

  /**
   * Where a block of C lies, and the numbers of its scales.
   *
   * @param row number of the first row's scale of A, or where they do not differ 0
   * @param scaleOfB number of B's scale of the first element, or of all
   * @param column number of the first column
   * @param element number of the first element within C
   * @param pitch elements of C from row to row
   * @param m rows
   * @param n columns
   */
  record Place(long row, long scaleOfB, long column, long element, long pitch, int m, int n) {}

  /**
   * Finishes a block.
   *
   * @param stride sums from row to row in {@link GemmScratch#out}
   */
  void finish(Place place, int stride, GemmScratch scratch, RowKernels kernels) {
    boolean perRow = operands == GemmOperands.FP8_CHANNEL;
    for (int i = 0; i < place.m; i++) {
      finish(
          scratch.out,
          i * stride,
          place.n,
          perRow ? place.row + i : 0,
          place.scaleOfB,
          place.column,
          place.element + i * place.pitch,
          scratch,
          kernels);
    }
  }

  private static @Nullable MemorySegment host(@Nullable Tensor tensor) {
    return tensor == null ? null : Memories.host(tensor);
  }

  /**
   * Finishes {@code n} elements of a row.
   *
   * @param sums the dot products, from {@code at} on; overwritten
   * @param scaleOfA number of A's scale of this row
   * @param scaleOfB number of B's scale of the first element, or of all
   * @param column number of the first element, which is that of its bias
   * @param element number of the first element within C
   * @param scratch {@link GemmScratch#b} is overwritten
   */
  private void finish(
      float[] sums,
      int at,
      int n,
      long scaleOfA,
      long scaleOfB,
      long column,
      long element,
      GemmScratch scratch,
      RowKernels kernels) {
    float[] other = scratch.b;
    if (operands == GemmOperands.FP8_TENSOR && scaleA != null && scaleB != null) {
      float a = scaleA.get(FLOAT, 4 * scaleOfA);
      float b = scaleB.get(FLOAT, 4 * scaleOfB);
      for (int j = 0; j < n; j++) {
        sums[at + j] = sums[at + j] * a * b;
      }
    }
    if (operands == GemmOperands.FP8_CHANNEL && scaleA != null && scaleB != null) {
      float a = scaleA.get(FLOAT, 4 * scaleOfA);
      kernels.load(scaleB, 4 * scaleOfB, DType.F32, other, 0, n);
      for (int j = 0; j < n; j++) {
        sums[at + j] = sums[at + j] * a * other[j];
      }
    }
    if (bias != null) {
      kernels.load(bias, 4 * column, DType.F32, other, 0, n);
      add(sums, at, other, n);
    }
    if (accumulation == GemmSpec.Accumulation.ADD_TO_C) {
      kernels.load(c, 4 * element, DType.F32, other, 0, n);
      add(sums, at, other, n);
    }
    kernels.store(sums, at, c, element * output.bits() / 8, output, n);
  }

  private static void add(float[] sums, int at, float[] other, int n) {
    for (int j = 0; j < n; j++) {
      sums[at + j] += other[j];
    }
  }
}
