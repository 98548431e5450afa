package org.touchstone.api.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/** Packing of 4-bit codes, one per byte, into two per byte and back. */
public final class Nibbles {
  private static final int MASK = 0xF;

  private Nibbles() {}

  /**
   * Pack one row.
   *
   * @param codes one code per byte, {@code elements} bytes; the low four bits count
   * @param packed receives {@code order.bytesFor(elements)} bytes; must not overlap {@code codes}
   * @param elements number of elements K in the row
   * @param order place of the elements in the bytes
   * @throws IllegalArgumentException if {@code elements} is not allowed in this order
   * @throws IndexOutOfBoundsException if a segment is too small
   */
  public static void pack(
      MemorySegment codes, MemorySegment packed, long elements, NibbleOrder order) {
    packed.asSlice(0, order.bytesFor(elements)).fill((byte) 0);
    for (long element = 0; element < elements; element++) {
      long offset = order.byteOffset(element);
      int nibble = (codes.get(JAVA_BYTE, element) & MASK) << order.shift(element);
      packed.set(JAVA_BYTE, offset, (byte) (packed.get(JAVA_BYTE, offset) | nibble));
    }
  }

  /**
   * Unpack one row.
   *
   * @param packed {@code order.bytesFor(elements)} bytes
   * @param codes receives one code, 0 to 15, per byte; must not overlap {@code packed}
   * @param elements number of elements K in the row
   * @param order place of the elements in the bytes
   * @throws IllegalArgumentException if {@code elements} is not allowed in this order
   * @throws IndexOutOfBoundsException if a segment is too small
   */
  public static void unpack(
      MemorySegment packed, MemorySegment codes, long elements, NibbleOrder order) {
    MemorySegment row = packed.asSlice(0, order.bytesFor(elements));
    for (long element = 0; element < elements; element++) {
      codes.set(JAVA_BYTE, element, (byte) at(row, element, order));
    }
  }

  /**
   * Read one element of a packed row.
   *
   * @param packed the row's bytes
   * @param element index in the row
   * @param order place of the elements in the bytes
   * @return the code, 0 to 15
   * @throws IndexOutOfBoundsException if the row is too short
   */
  public static int at(MemorySegment packed, long element, NibbleOrder order) {
    return packed.get(JAVA_BYTE, order.byteOffset(element)) >>> order.shift(element) & MASK;
  }
}
