package org.touchstone.backends.cuda.driver;

import java.util.List;

/**
 * What a tiled tensor map describes ({@code cuTensorMapEncodeTiled}).
 *
 * @param element type of an element
 * @param base address of the tensor, a multiple of 16
 * @param globalDim extents of the tensor, fastest first
 * @param globalStrides bytes from one index to the next for every dimension but the first, each a
 *     multiple of 16
 * @param boxDim extents of the box that one copy moves
 * @param elementStrides step in elements of every dimension
 * @param swizzle how the box is laid out in shared memory
 */
public record TensorMap(
    Element element,
    DevicePointer base,
    List<Long> globalDim,
    List<Long> globalStrides,
    List<Integer> boxDim,
    List<Integer> elementStrides,
    Swizzle swizzle) {
  /** Bytes of an encoded map. */
  public static final int BYTES = 128;

  /** Types of elements ({@code CUtensorMapDataType}). */
  public enum Element {
    /** One byte. */
    U8(0),
    /** Two bytes, unsigned. */
    U16(1),
    /** Four bytes, unsigned. */
    U32(2),
    /** Four bytes, signed. */
    I32(3),
    /** Eight bytes, unsigned. */
    U64(4),
    /** Eight bytes, signed. */
    I64(5),
    /** IEEE binary16. */
    F16(6),
    /** IEEE binary32. */
    F32(7),
    /** IEEE binary64. */
    F64(8),
    /** bfloat16. */
    BF16(9);

    private final int code;

    Element(int code) {
      this.code = code;
    }

    /** Returns the number of {@code cuda.h}. */
    public int code() {
      return code;
    }
  }

  /** Swizzles of shared memory ({@code CUtensorMapSwizzle}). */
  public enum Swizzle {
    /** Rows follow each other as they are. */
    NONE(0),
    /** 16-byte chunks are exchanged within 32 bytes. */
    B32(1),
    /** 16-byte chunks are exchanged within 64 bytes. */
    B64(2),
    /** 16-byte chunks are exchanged within 128 bytes. */
    B128(3);

    private final int code;

    Swizzle(int code) {
      this.code = code;
    }

    /** Returns the number of {@code cuda.h}. */
    public int code() {
      return code;
    }
  }

  /** Copies the lists and compares their lengths. */
  public TensorMap {
    globalDim = List.copyOf(globalDim);
    globalStrides = List.copyOf(globalStrides);
    boxDim = List.copyOf(boxDim);
    elementStrides = List.copyOf(elementStrides);
    int rank = globalDim.size();
    if (rank < 1
        || rank > 5
        || globalStrides.size() != rank - 1
        || boxDim.size() != rank
        || elementStrides.size() != rank) {
      throw new IllegalArgumentException(
          "a tensor map has 1 to 5 dimensions and a list of that length for each property, got "
              + globalDim
              + ", "
              + globalStrides
              + ", "
              + boxDim
              + ", "
              + elementStrides);
    }
  }
}
