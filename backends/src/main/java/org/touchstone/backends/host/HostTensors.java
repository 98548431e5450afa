package org.touchstone.backends.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.Buffer;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;

/**
 * Reads and writes whole tensors in host memory, any strides, in row-major order. For references
 * and tests.
 */
public final class HostTensors {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private HostTensors() {}

  /** Allocates a dense, zeroed host tensor that lives as long as the arena. */
  public static Tensor allocate(Arena arena, DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    long bytes = Tensor.denseBytes(dtype, shape);
    return Tensor.of(Buffer.ofHost(arena.allocate(Math.max(1, bytes), 64)), dtype, shape);
  }

  /**
   * Allocates a dense host tensor that holds the given values, rounded to nearest even without
   * saturation.
   */
  public static Tensor of(Arena arena, DType dtype, Shape shape, double... values) {
    Tensor tensor = allocate(arena, dtype, shape.dims());
    write(tensor, values, Saturation.NONSAT);
    return tensor;
  }

  /** Reads floating-point elements as exact doubles. */
  public static double[] doubles(Tensor tensor) {
    double[] values = new double[Math.toIntExact(tensor.shape().elements())];
    DType dtype = tensor.dtype();
    double[] table = dtype.bits() <= 8 ? decodeTable(dtype) : new double[0];
    int[] next = {0};
    // One small loop per type: references read millions of elements here.
    Rows.of(
        tensor,
        (element, count, step) -> {
          int from = next[0];
          int to = from + (int) count;
          MemorySegment memory = from(tensor, element);
          switch (dtype) {
            case F32 -> {
              for (int i = from; i < to; i++) {
                values[i] = memory.get(FLOAT, 4 * step * (i - from));
              }
            }
            case BF16 -> {
              for (int i = from; i < to; i++) {
                values[i] = Float.intBitsToFloat(memory.get(SHORT, 2 * step * (i - from)) << 16);
              }
            }
            case F16 -> {
              for (int i = from; i < to; i++) {
                values[i] = Float.float16ToFloat(memory.get(SHORT, 2 * step * (i - from)));
              }
            }
            case E2M1 -> {
              for (int i = from; i < to; i++) {
                values[i] = table[(int) code(tensor, element + (i - from) * step)];
              }
            }
            case E4M3FN, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0, I32, I64, U8, I8, BOOL -> {
              for (int i = from; i < to; i++) {
                values[i] = table[memory.get(ValueLayout.JAVA_BYTE, step * (i - from)) & 0xFF];
              }
            }
          }
          next[0] = to;
        });
    return values;
  }

  /** Reads integers, or the bits of floating-point elements zero-extended. */
  public static long[] codes(Tensor tensor) {
    long[] values = new long[Math.toIntExact(tensor.shape().elements())];
    int[] next = {0};
    Rows.of(
        tensor,
        (element, count, step) -> {
          int from = next[0];
          int to = from + (int) count;
          MemorySegment memory = from(tensor, element);
          switch (tensor.dtype()) {
            case F32 -> {
              for (int i = from; i < to; i++) {
                values[i] = Integer.toUnsignedLong(memory.get(INT, 4 * step * (i - from)));
              }
            }
            case BF16, F16 -> {
              for (int i = from; i < to; i++) {
                values[i] = Short.toUnsignedLong(memory.get(SHORT, 2 * step * (i - from)));
              }
            }
            case E4M3FN, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0, U8, BOOL -> {
              for (int i = from; i < to; i++) {
                values[i] = memory.get(ValueLayout.JAVA_BYTE, step * (i - from)) & 0xFF;
              }
            }
            case E2M1, I32, I64, I8 -> {
              for (int i = from; i < to; i++) {
                values[i] = code(tensor, element + (i - from) * step);
              }
            }
          }
          next[0] = to;
        });
    return values;
  }

  /**
   * Reads some elements of a dense tensor: integers, or the bits of floating-point elements
   * zero-extended.
   *
   * @param index row-major numbers of the elements
   */
  public static long[] codes(Tensor tensor, long[] index) {
    if (!tensor.isDense()) {
      throw new IllegalArgumentException("elements are picked from dense tensors, not " + tensor);
    }
    long width = tensor.shape().rank() == 0 ? 1 : Math.max(1, tensor.dim(-1));
    // Rows of 4-bit elements start at bytes.
    long padding = tensor.dtype().bits() < Byte.SIZE ? width & 1 : 0;
    long[] values = new long[index.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = code(tensor, index[i] + index[i] / width * padding);
    }
    return values;
  }

  /** Returns the bytes from an element on; whole bytes only. */
  private static MemorySegment from(Tensor tensor, long element) {
    return tensor
        .buffer()
        .host()
        .asSlice(tensor.byteOffset() + element * tensor.dtype().bits() / Byte.SIZE);
  }

  /** Writes doubles, rounded to nearest even on the exact value. */
  public static void write(Tensor tensor, double[] values, Saturation saturation) {
    FloatFormat format = tensor.dtype().format();
    long[] codes = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      codes[i] = Integer.toUnsignedLong(format.encode(values[i], saturation));
    }
    writeCodes(tensor, codes);
  }

  /** Writes integers, or the bits of floating-point elements. */
  public static void writeCodes(Tensor tensor, long[] codes) {
    if (codes.length != tensor.shape().elements()) {
      throw new IllegalArgumentException(
          "expected "
              + tensor.shape().elements()
              + " values for "
              + tensor
              + ", got "
              + codes.length);
    }
    MemorySegment memory = tensor.buffer().host();
    int[] next = {0};
    Rows.of(
        tensor,
        (element, count, step) -> {
          for (long i = 0; i < count; i++, element += step) {
            put(memory, tensor, element, codes[next[0]++]);
          }
        });
  }

  /**
   * Reads one element: an integer, or the bits of a floating-point element zero-extended.
   *
   * @param element distance from the first element, in elements
   */
  private static long code(Tensor tensor, long element) {
    MemorySegment memory = tensor.buffer().host();
    long base = tensor.byteOffset();
    return switch (tensor.dtype()) {
      case F32 -> Integer.toUnsignedLong(memory.get(INT, base + 4 * element));
      case I32 -> memory.get(INT, base + 4 * element);
      case I64 -> memory.get(LONG, base + 8 * element);
      case BF16, F16 -> Short.toUnsignedLong(memory.get(SHORT, base + 2 * element));
      case I8 -> memory.get(ValueLayout.JAVA_BYTE, base + element);
      case E2M1 -> {
        int pair = memory.get(ValueLayout.JAVA_BYTE, base + element / 2);
        yield (element % 2 == 0 ? pair : pair >>> 4) & 0xF;
      }
      case U8, BOOL, E4M3FN, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0 ->
          Byte.toUnsignedLong(memory.get(ValueLayout.JAVA_BYTE, base + element));
    };
  }

  private static void put(MemorySegment memory, Tensor tensor, long element, long code) {
    long base = tensor.byteOffset();
    switch (tensor.dtype()) {
      case F32, I32 -> memory.set(INT, base + 4 * element, (int) code);
      case I64 -> memory.set(LONG, base + 8 * element, code);
      case BF16, F16 -> memory.set(SHORT, base + 2 * element, (short) code);
      case E2M1 -> {
        int pair = memory.get(ValueLayout.JAVA_BYTE, base + element / 2);
        int changed =
            element % 2 == 0
                ? (pair & 0xF0) | ((int) code & 0xF)
                : (pair & 0xF) | ((int) code << 4);
        memory.set(ValueLayout.JAVA_BYTE, base + element / 2, (byte) changed);
      }
      case I8, U8, BOOL, E4M3FN, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0 ->
          memory.set(ValueLayout.JAVA_BYTE, base + element, (byte) code);
    }
  }

  private static double[] decodeTable(DType dtype) {
    double[] table = new double[1 << dtype.bits()];
    for (int code = 0; code < table.length; code++) {
      table[code] = dtype.format().decode(code);
    }
    return table;
  }
}
