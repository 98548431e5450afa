package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NibblesTest {

  @Test
  void lowEvenPutsEvenElementsIntoLowNibbles() {
    assertThat(pack(NibbleOrder.LOW_EVEN, 7, 1, 9, 2, 0xc, 6, 0, 0xf)).isEqualTo("17296cf0");
  }

  @Test
  void lowEvenLeavesTheLastHighNibbleZeroForAnOddNumber() {
    assertThat(pack(NibbleOrder.LOW_EVEN, 7, 1, 9)).isEqualTo("1709");
    assertThat(pack(NibbleOrder.LOW_EVEN, 0xf)).isEqualTo("0f");
    assertThat(pack(NibbleOrder.LOW_EVEN)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"GGML_SPLIT, 32", "GGML_SPLIT_16, 16"})
  void ggmlOrdersPutTheHalvesOfABlockIntoTheHalvesOfItsBytes(NibbleOrder order, int block) {
    int blocks = 3;
    byte[] codes = new byte[block * blocks];
    new SplittableRandom(0x5eed_0008L).nextBytes(codes);
    byte[] packed = packBytes(order, codes);
    int half = block / 2;
    for (int b = 0; b < blocks; b++) {
      for (int j = 0; j < half; j++) {
        int low = codes[b * block + j] & 0xF;
        int high = codes[b * block + j + half] & 0xF;
        assertThat(packed[b * half + j]).isEqualTo((byte) (high << 4 | low));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(NibbleOrder.class)
  void unpackingGivesBackWhatWasPacked(NibbleOrder order) {
    for (int elements :
        order == NibbleOrder.LOW_EVEN ? new int[] {0, 1, 2, 13, 207} : new int[] {0, 32, 96}) {
      byte[] codes = new byte[elements];
      for (int i = 0; i < elements; i++) {
        codes[i] = (byte) (i * 7 % 16);
      }
      byte[] packed = packBytes(order, codes);
      assertThat(packed).hasSize((elements + 1) / 2);
      byte[] unpacked = new byte[elements];
      Nibbles.unpack(
          MemorySegment.ofArray(packed), MemorySegment.ofArray(unpacked), elements, order);
      assertThat(unpacked).isEqualTo(codes);
      for (int i = 0; i < elements; i++) {
        assertThat(Nibbles.at(MemorySegment.ofArray(packed), i, order)).isEqualTo(codes[i]);
      }
    }
  }

  @Test
  void packingWritesItsOwnBytesOnly() {
    byte[] packed = new byte[4];
    Arrays.fill(packed, (byte) 0xA5);
    byte[] codes = {0x51, (byte) 0xF2, 3};
    Nibbles.pack(
        MemorySegment.ofArray(codes), MemorySegment.ofArray(packed), 3, NibbleOrder.LOW_EVEN);
    assertThat(HexFormat.of().formatHex(packed)).isEqualTo("2103a5a5");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 31, 33})
  void ggmlSplitRefusesPartialBlocks(int elements) {
    assertThatThrownBy(() -> NibbleOrder.GGML_SPLIT.bytesFor(elements))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiple of 32");
  }

  @Test
  void refusesNegativeCountsAndShortSegments() {
    assertThatThrownBy(() -> NibbleOrder.LOW_EVEN.bytesFor(-1))
        .isInstanceOf(IllegalArgumentException.class);
    MemorySegment three = MemorySegment.ofArray(new byte[3]);
    MemorySegment eight = MemorySegment.ofArray(new byte[8]);
    assertThatThrownBy(() -> Nibbles.pack(eight, three, 8, NibbleOrder.LOW_EVEN))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Nibbles.unpack(three, eight, 8, NibbleOrder.LOW_EVEN))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private static String pack(NibbleOrder order, int... codes) {
    byte[] bytes = new byte[codes.length];
    for (int i = 0; i < codes.length; i++) {
      bytes[i] = (byte) codes[i];
    }
    return HexFormat.of().formatHex(packBytes(order, bytes));
  }

  private static byte[] packBytes(NibbleOrder order, byte[] codes) {
    byte[] packed = new byte[(int) order.bytesFor(codes.length)];
    Nibbles.pack(MemorySegment.ofArray(codes), MemorySegment.ofArray(packed), codes.length, order);
    return packed;
  }
}
