package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ScaleLayoutTest {

  @ParameterizedTest
  @CsvSource({
    // layout, row, block, rows, blocks, offset
    "ROW_MAJOR,      2,   3,   5,   7, 17",
    "MN_MAJOR,       2,   3,   5,   7, 26",
    "MN_MAJOR,       4,   6,   5,   7, 52",
    "PACKED_UE8M0,   2,   3,   5,   7, 11",
    "PACKED_UE8M0,   2,   5,   5,   7, 41",
    "SWIZZLED_128X4, 0,   1, 200,   7, 1",
    "SWIZZLED_128X4, 1,   0, 200,   7, 16",
    "SWIZZLED_128X4, 31,  3, 200,   7, 499",
    "SWIZZLED_128X4, 32,  0, 200,   7, 4",
    "SWIZZLED_128X4, 127, 3, 200,   7, 511",
    "SWIZZLED_128X4, 0,   4, 200,   7, 512",
    "SWIZZLED_128X4, 128, 0, 200,   7, 1024",
    "SWIZZLED_128X4, 161, 6, 200,   7, 1558",
  })
  void goldenOffsets(
      ScaleLayout layout, long row, long block, long rows, long blocks, long offset) {
    assertThat(layout.offset(row, block, rows, blocks)).isEqualTo(offset);
  }

  @ParameterizedTest
  @CsvSource({
    // rows, blocks, ROW_MAJOR, MN_MAJOR, PACKED_UE8M0, SWIZZLED_128X4
    "0,   0,  0,    0,    0,    0",
    "0,   5,  0,    0,    0,    0",
    "5,   0,  0,    0,    0,    0",
    "1,   1,  1,    4,    16,   512",
    "5,   7,  35,   56,   64,   1024",
    "129, 9,  1161, 1188, 1584, 3072",
    "128, 4,  512,  512,  512,  512",
  })
  void sizeIncludesThePadding(
      long rows, long blocks, long rowMajor, long mnMajor, long packed, long swizzled) {
    assertThat(ScaleLayout.ROW_MAJOR.size(rows, blocks)).isEqualTo(rowMajor);
    assertThat(ScaleLayout.MN_MAJOR.size(rows, blocks)).isEqualTo(mnMajor);
    assertThat(ScaleLayout.PACKED_UE8M0.size(rows, blocks)).isEqualTo(packed);
    assertThat(ScaleLayout.SWIZZLED_128X4.size(rows, blocks)).isEqualTo(swizzled);
  }

  @ParameterizedTest
  @EnumSource(ScaleLayout.class)
  void everyScaleHasAPlaceOfItsOwn(ScaleLayout layout) {
    for (long rows : new long[] {1, 3, 4, 127, 128, 129, 300}) {
      for (long blocks : new long[] {1, 3, 4, 5, 22}) {
        long size = layout.size(rows, blocks);
        BitSet taken = new BitSet();
        for (long row = 0; row < rows; row++) {
          for (long block = 0; block < blocks; block++) {
            long offset = layout.offset(row, block, rows, blocks);
            assertThat(offset).isBetween(0L, size - 1);
            taken.set((int) offset);
          }
        }
        assertThat(taken.cardinality()).isEqualTo((int) (rows * blocks));
      }
    }
  }

  @Test
  void swizzleIsTheTransposeOfThePaddedMatrixInBlocks() {
    // The padded matrix seen as [tileRow][group 4][row 32][tileBlock][block 4], stored in the order
    // [tileRow][tileBlock][row 32][group 4][block 4].
    int rows = 300;
    int blocks = 11;
    long position = 0;
    Mismatches mismatches = new Mismatches();
    for (int tileRow = 0; tileRow < 3; tileRow++) {
      for (int tileBlock = 0; tileBlock < 3; tileBlock++) {
        for (int inGroup = 0; inGroup < 32; inGroup++) {
          for (int group = 0; group < 4; group++) {
            for (int inTile = 0; inTile < 4; inTile++) {
              int row = tileRow * 128 + group * 32 + inGroup;
              int block = tileBlock * 4 + inTile;
              if (row < rows && block < blocks) {
                mismatches.check(
                    (int) ScaleLayout.SWIZZLED_128X4.offset(row, block, rows, blocks),
                    (int) position,
                    () -> "scale %d, %d".formatted(row, block));
              }
              position++;
            }
          }
        }
      }
    }
    mismatches.assertNoneOf((long) rows * blocks);
    assertThat(ScaleLayout.SWIZZLED_128X4.size(rows, blocks)).isEqualTo(position);
  }

  @ParameterizedTest
  @CsvSource({
    "ROW_MAJOR, F32, true", "ROW_MAJOR, E8M0, true", "ROW_MAJOR, BF16, true",
        "ROW_MAJOR, I32, false",
    "MN_MAJOR, F32, true", "MN_MAJOR, E8M0, false", "PACKED_UE8M0, E8M0, true",
        "PACKED_UE8M0, F32, false",
    "SWIZZLED_128X4, E8M0, true", "SWIZZLED_128X4, E4M3FN, true", "SWIZZLED_128X4, F32, false"
  })
  void acceptsTheScaleTypesItsUsersStore(ScaleLayout layout, DType type, boolean accepted) {
    assertThat(layout.accepts(type)).isEqualTo(accepted);
  }

  @Test
  void blocksCountsThePartialOne() {
    assertThat(ScaleLayout.blocks(0, 128)).isZero();
    assertThat(ScaleLayout.blocks(1, 128)).isEqualTo(1);
    assertThat(ScaleLayout.blocks(576, 128)).isEqualTo(5);
    assertThat(ScaleLayout.blocks(2880, 32)).isEqualTo(90);
    assertThat(ScaleLayout.blocks(Long.MAX_VALUE, 1)).isEqualTo(Long.MAX_VALUE);
    assertThatThrownBy(() -> ScaleLayout.blocks(-1, 128))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ScaleLayout.blocks(1, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @EnumSource(ScaleLayout.class)
  void refusesIndicesOutsideAndSizesThatOverflow(ScaleLayout layout) {
    assertThatThrownBy(() -> layout.offset(5, 0, 5, 7))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> layout.offset(0, 7, 5, 7))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> layout.offset(-1, 0, 5, 7))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> layout.size(-1, 7)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> layout.size(1L << 62, 5)).isInstanceOf(ArithmeticException.class);
  }
}
