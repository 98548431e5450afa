package org.touchstone.conformance.run;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.format.DType;

/**
 * Bytes that no correct result contains: NaN with an unusual payload, integers far out of range.
 * What still holds them was not written; what reads them shows it.
 */
final class Poison {
  private static final byte FILLER = (byte) 0xA5;

  private Poison() {}

  /** Fills memory that holds elements of a type from its first byte on. */
  static void fill(MemorySegment memory, DType dtype) {
    switch (dtype) {
      case F32, F16, BF16 -> {
        memory.fill((byte) 0xFF);
        for (long i = 0; i < memory.byteSize(); i += 2) {
          memory.set(ValueLayout.JAVA_BYTE, i, FILLER);
        }
      }
      case E4M3FN, E5M2, E8M0 -> memory.fill((byte) 0xFF);
      case E4M3FNUZ, E5M2FNUZ -> memory.fill((byte) 0x80);
      case E2M1 -> memory.fill((byte) 0x77);
      case I32, I64, U8, I8, BOOL -> memory.fill(FILLER);
    }
  }

  /**
   * Returns whether an element that was not judged cannot be right: it holds the poison, or for
   * types with few codes any NaN.
   */
  static boolean unwritten(DType dtype, long code) {
    return switch (dtype) {
      case F32 -> code == 0xFFA5FFA5L;
      case F16, BF16 -> code == 0xFFA5L;
      case E4M3FN, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0 -> dtype.format().isNan((int) code);
      case E2M1, U8, I8, BOOL -> false;
      case I32 -> (int) code == 0xA5A5A5A5;
      case I64 -> code == 0xA5A5A5A5A5A5A5A5L;
    };
  }
}
