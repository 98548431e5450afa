package org.touchstone.backends.cpu.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;

class FloatRowsTest {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** An odd number keeps every vector load unaligned and leaves a scalar tail. */
  private static final int SHIFT = 3;

  private static int bits(double value) {
    return Float.floatToIntBits((float) value);
  }

  @Test
  void everyCodeOfE4m3IsDecodedExactly() {
    try (Arena arena = Arena.ofConfined()) {
      int count = 256 + 13;
      MemorySegment codes = arena.allocate(SHIFT + count);
      for (int i = 0; i < count; i++) {
        codes.set(ValueLayout.JAVA_BYTE, SHIFT + i, (byte) i);
      }
      float[] values = new float[count + SHIFT];
      FloatRows.load(codes, SHIFT, DType.E4M3FN, values, SHIFT, count);
      for (int i = 0; i < count; i++) {
        assertThat(bits(values[SHIFT + i]))
            .as("code %d", i & 0xFF)
            .isEqualTo(bits(DType.E4M3FN.format().decode(i & 0xFF)));
      }
    }
  }

  @Test
  void everyCodeOfTheSixteenBitTypesIsDecodedExactly() {
    try (Arena arena = Arena.ofConfined()) {
      int count = 65536 + 5;
      MemorySegment codes = arena.allocate(1 + 2L * count);
      for (int i = 0; i < count; i++) {
        codes.set(SHORT, 1 + 2L * i, (short) i);
      }
      float[] values = new float[count];
      for (DType dtype : new DType[] {DType.BF16, DType.F16}) {
        FloatRows.load(codes, 1, dtype, values, 0, count);
        int wrong = 0;
        for (int i = 0; i < count; i++) {
          wrong += bits(values[i]) == bits(dtype.format().decode(i & 0xFFFF)) ? 0 : 1;
        }
        assertThat(wrong).as("wrong values of %s", dtype).isZero();
      }
    }
  }

  @Test
  void bf16StoresTheBitsOfTheScalarCodec() {
    long seed = 11;
    SplittableRandom random = new SplittableRandom(seed);
    int[] patterns = {
      0,
      0x8000_0000,
      1,
      0x8000_0001,
      0x7F80_0000,
      0xFF80_0000,
      0x7F80_0001,
      0xFFFF_FFFF,
      0x7FC0_0000,
      0x7F7F_FFFF,
      0x7F7F_8000,
      0x7F7F_7FFF,
      0x3F80_8000,
      0x3F81_8000,
      0x3F80_8001
    };
    int count = 100_003;
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.intBitsToFloat(i < patterns.length ? patterns[i] : random.nextInt());
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stored = arena.allocate(1 + 2L * count);
      FloatRows.store(values, 0, stored, 1, DType.BF16, count);
      for (int i = 0; i < count; i++) {
        short code = stored.get(SHORT, 1 + 2L * i);
        if (code != Bf16.fromFloat(values[i])) {
          assertThat(code)
              .as(
                  "value %s, seed %d",
                  Integer.toHexString(Float.floatToRawIntBits(values[i])), seed)
              .isEqualTo(Bf16.fromFloat(values[i]));
        }
      }
    }
  }

  @Test
  void floatsPassUnchangedAndNothingBesideTheRowIsTouched() {
    try (Arena arena = Arena.ofConfined()) {
      for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
        int width = dtype.bits() / 8;
        MemorySegment memory = arena.allocate(64L * width);
        memory.fill((byte) 0x5A);
        float[] values = new float[64];
        for (int i = 0; i < 64; i++) {
          values[i] = i - 20;
        }
        FloatRows.store(values, 2, memory, 3L * width, dtype, 21);
        float[] back = new float[64];
        FloatRows.load(memory, 3L * width, dtype, back, 1, 21);
        for (int i = 0; i < 64; i++) {
          assertThat(back[i]).isEqualTo(i >= 1 && i < 22 ? values[i + 1] : 0f);
          boolean outside = i < 3 || i >= 24;
          assertThat(memory.get(ValueLayout.JAVA_BYTE, (long) i * width) == 0x5A)
              .as("%s byte of element %d", dtype, i)
              .isEqualTo(outside);
        }
        assertThat(memory.get(FLOAT, 0)).isNotNaN();
      }
    }
  }
}
