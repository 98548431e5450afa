package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.E2m1;
import org.touchstone.api.format.E8m0;
import org.touchstone.api.format.E8m0Rounding;
import org.touchstone.api.format.F16;
import org.touchstone.api.format.Fp8;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.cpu.micro.RowKernels;
import org.touchstone.backends.spi.Memories;

/**
 * Innermost rows of a host tensor of any rank and any floating-point type, as FP32, which holds
 * every value of every narrower type. Rows are numbered in row-major order of the outer dimensions.
 */
final class CodeRows {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final float BF16_MAX = (float) DType.BF16.format().maxFinite();
  private static final float E4M3_MAX = (float) DType.E4M3FN.format().maxFinite();
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

  private final Tensor tensor;
  private final MemorySegment memory;
  private final DType dtype;
  private final float[] table;
  private final RowKernels kernels;

  CodeRows(Tensor tensor, RowKernels kernels) {
    this.kernels = kernels;
    this.tensor = tensor;
    memory = Memories.host(tensor);
    dtype = tensor.dtype();
    table = tableOf(dtype);
  }

  private static float[] tableOf(DType dtype) {
    if (dtype == DType.E2M1) {
      return E2m1.decodeTable();
    }
    if (dtype == DType.E8M0) {
      float[] table = new float[256];
      for (int code = 0; code < table.length; code++) {
        table[code] = E8m0.toFloat((byte) code);
      }
      return table;
    }
    return Fp8.accepts(dtype) ? Fp8.decodeTable(dtype) : new float[0];
  }

  /** Returns the row length; a tensor without gaps can be one row. */
  static long rowLength(Tensor... tensors) {
    boolean flat = true;
    for (Tensor tensor : tensors) {
      flat &= tensor.isDense() && tensor.dtype().bits() >= Byte.SIZE;
    }
    Tensor any = tensors[0];
    return flat || any.shape().rank() == 0 ? any.shape().elements() : any.dim(-1);
  }

  /** Returns the number of the element at a place of a row, counted from the first element. */
  private long element(long row, long place) {
    long at = place;
    long rest = row;
    for (int d = tensor.shape().rank() - 2; d >= 0 && rest > 0; d--) {
      at += rest % tensor.dim(d) * tensor.strides().step(d);
      rest /= tensor.dim(d);
    }
    return at;
  }

  /** Reads elements of a row. */
  void load(long row, long place, float[] to, int count) {
    long element = element(row, place);
    switch (dtype) {
      case F32, BF16, F16, E4M3FN ->
          kernels.load(memory, element * (dtype.bits() / Byte.SIZE), dtype, to, 0, count);
      case E2M1 -> {
        for (int i = 0; i < count; i++, element++) {
          int pair = memory.get(BYTE, element / 2);
          to[i] = table[(element % 2 == 0 ? pair : pair >>> 4) & 0xF];
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          to[i] = table[memory.get(BYTE, element + i) & 0xFF];
        }
      }
    }
  }

  /**
   * Writes elements of a row, rounded to nearest even; NaN becomes the type's canonical NaN. The
   * array is overwritten.
   */
  void store(
      long row, long place, float[] from, int count, Saturation saturation, E8m0Rounding rounding) {
    long element = element(row, place);
    switch (dtype) {
      case F32 -> {
        saturate(from, count, saturation, Float.MAX_VALUE);
        canonical(from, count);
        kernels.store(from, 0, memory, 4 * element, dtype, count);
      }
      case BF16 -> {
        saturate(from, count, saturation, BF16_MAX);
        kernels.store(from, 0, memory, 2 * element, dtype, count);
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          memory.set(SHORT, 2 * (element + i), F16.fromFloat(from[i], saturation));
        }
      }
      case E2M1 -> {
        for (int i = 0; i < count; i++) {
          putNibble(element + i, E2m1.encode(from[i]), i == count - 1);
        }
      }
      case E8M0 -> {
        for (int i = 0; i < count; i++) {
          memory.set(
              BYTE,
              element + i,
              from[i] > 0 ? E8m0.encode(from[i], rounding, saturation) : E8m0.NAN);
        }
      }
      default -> {
        if (dtype == DType.E4M3FN && saturation == Saturation.SAT) {
          kernels.quantise(from, count, 1, E4M3_MAX, memory, element);
        } else {
          for (int i = 0; i < count; i++) {
            memory.set(BYTE, element + i, Fp8.encode(from[i], dtype, saturation));
          }
        }
      }
    }
  }

  private static void saturate(float[] x, int count, Saturation saturation, float max) {
    if (saturation == Saturation.SAT) {
      for (int i = 0; i < count; i++) {
        x[i] = Math.max(-max, Math.min(max, x[i]));
      }
    }
  }

  /** Gives every NaN the bits of the canonical one. */
  private static void canonical(float[] x, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      v.blend(Float.NaN, v.test(VectorOperators.IS_NAN)).intoArray(x, i);
    }
  }

  /** Writes a nibble; the unused high nibble at the end of an odd row is zeroed. */
  private void putNibble(long element, int code, boolean last) {
    if (element % 2 == 0) {
      int high = last ? 0 : memory.get(BYTE, element / 2) & 0xF0;
      memory.set(BYTE, element / 2, (byte) (high | code));
    } else {
      int low = memory.get(BYTE, element / 2) & 0xF;
      memory.set(BYTE, element / 2, (byte) (low | code << 4));
    }
  }
}
