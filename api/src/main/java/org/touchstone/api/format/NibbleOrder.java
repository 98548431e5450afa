package org.touchstone.api.format;

/**
 * Where the 4-bit elements of one row lie in its bytes.
 *
 * <p>The row runs along the axis that is multiplied and summed (K). {@link Nibbles} packs and
 * unpacks whole rows.
 */
public enum NibbleOrder {
  /**
   * Byte {@code j} holds element {@code 2j} in bits 0 to 3 and element {@code 2j+1} in bits 4 to 7;
   * with an odd number of elements the last high nibble is 0. The order of OCP tools, Hugging Face,
   * gpt-oss, DeepSeek-V4 and NVFP4 checkpoints.
   */
  LOW_EVEN(2),

  /**
   * In each block of 32 elements, byte {@code j} holds element {@code j} in bits 0 to 3 and element
   * {@code j+16} in bits 4 to 7. The order of ggml's {@code block_mxfp4}.
   */
  GGML_SPLIT(32),

  /**
   * In each block of 16 elements, byte {@code j} holds element {@code j} in bits 0 to 3 and element
   * {@code j+8} in bits 4 to 7. The order of ggml's NVFP4 block.
   */
  GGML_SPLIT_16(16);

  private final int blockElements;
  private final int blockBytes;

  NibbleOrder(int blockElements) {
    this.blockElements = blockElements;
    this.blockBytes = blockElements / 2;
  }

  /**
   * Compute the bytes of one row.
   *
   * @param elements number of elements K in the row, at least 0; for the ggml orders a multiple of
   *     their block, since ggml has no partial block
   * @return {@code ceil(elements / 2)}
   * @throws IllegalArgumentException if {@code elements} is not allowed in this order
   */
  public long bytesFor(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException(
          "number of 4-bit elements is negative: expected at least 0, got %d".formatted(elements));
    }
    if (this != LOW_EVEN && elements % blockElements != 0) {
      throw new IllegalArgumentException(
          "a row of %d elements has no %s form: expected a multiple of %d, pad the row or use LOW_EVEN"
              .formatted(elements, this, blockElements));
    }
    return DType.E2M1.bytesFor(elements);
  }

  /**
   * Return the byte of the row that holds an element.
   *
   * @param element index in the row, at least 0 (unchecked)
   * @return offset from the row's first byte
   */
  public long byteOffset(long element) {
    return element / blockElements * blockBytes + element % blockBytes;
  }

  /**
   * Return the position of an element within its byte.
   *
   * @param element index in the row, at least 0 (unchecked)
   * @return 0 for the low and 4 for the high nibble
   */
  public int shift(long element) {
    return element % blockElements < blockBytes ? 0 : 4;
  }
}
