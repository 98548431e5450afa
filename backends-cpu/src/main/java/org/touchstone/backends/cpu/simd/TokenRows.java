package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.AttentionTile;

/** Rows of unit stride, by (sequence, token, head), of a tensor in host memory. */
final class TokenRows {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MemorySegment memory;
  private final DType dtype;
  private final long base;
  private final long sequenceStep;
  private final long tokenStep;
  private final long headStep;
  private final int count;

  private TokenRows(Tensor tensor, long sequenceStep, long tokenStep, long headStep, long count) {
    memory = tensor.buffer().host();
    dtype = tensor.dtype();
    base = tensor.byteOffset();
    long bytes = dtype.bits() / 8;
    this.sequenceStep = sequenceStep * bytes;
    this.tokenStep = tokenStep * bytes;
    this.headStep = headStep * bytes;
    this.count = Math.toIntExact(count);
  }

  /** Takes [tokens, heads, D] as sequence 0, or [sequences, tokens, heads, D]. */
  static TokenRows of(Tensor tensor) {
    return of(tensor, tensor.shape().rank() == 4, tensor.dim(-1));
  }

  /** Takes [tokens, heads] as sequence 0, or [sequences, tokens, heads]: rows of one element. */
  static TokenRows ofScalars(Tensor tensor) {
    return of(tensor, tensor.shape().rank() == 3, 1);
  }

  private static TokenRows of(Tensor tensor, boolean sequences, long count) {
    int token = sequences ? 1 : 0;
    return new TokenRows(
        tensor,
        sequences ? tensor.strides().step(0) : 0,
        tensor.strides().step(token),
        tensor.strides().step(token + 1),
        count);
  }

  /** Takes [tokens, D], without heads, as sequence 0 and head 0. */
  static TokenRows withoutHeads(Tensor tensor) {
    return new TokenRows(tensor, 0, tensor.strides().step(0), 0, tensor.dim(-1));
  }

  /** Takes the pages of a dense cache [pages, page, heads, D] as tokens of sequence 0. */
  static TokenRows ofPages(Tensor cache) {
    long width = cache.dim(3);
    return new TokenRows(cache, 0, cache.dim(2) * width, width, width);
  }

  /** Takes the pages of a dense latent cache [pages, page, D] as tokens of sequence 0. */
  static TokenRows ofLatentPages(Tensor cache) {
    return new TokenRows(cache, 0, cache.dim(2), 0, cache.dim(2));
  }

  /** Returns the elements of a row. */
  int count() {
    return count;
  }

  /** Returns the memory. */
  MemorySegment memory() {
    return memory;
  }

  /** Returns the element type. */
  DType dtype() {
    return dtype;
  }

  /** Returns where a row starts, in bytes. */
  long offset(long sequence, long token, long head) {
    return base + sequence * sequenceStep + token * tokenStep + head * headStep;
  }

  /** Reads a row into FP32. */
  void load(long sequence, long token, long head, float[] to, int at) {
    FloatRows.load(memory, offset(sequence, token, head), dtype, to, at, count);
  }

  /** Returns the distance of the rows of adjacent tokens, in bytes. */
  long tokenPitch() {
    return tokenStep;
  }

  /** Returns the distance of the rows of adjacent heads, in bytes. */
  long headPitch() {
    return headStep;
  }

  /** Writes a row of one FP32 element. */
  void set(long sequence, long token, long head, float value) {
    memory.set(FLOAT, offset(sequence, token, head), value);
  }

  /** Gives a tile the elements of one of its queries, from {@code element} on. */
  void give(AttentionTile tile, int row, int element, long sequence, long token, long head) {
    tile.query(row, element, memory(), offset(sequence, token, head), dtype(), count());
  }
}
