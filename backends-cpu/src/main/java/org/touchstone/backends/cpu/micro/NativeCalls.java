package org.touchstone.backends.cpu.micro;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of {@code touchstone_cpu.h}. JavaCPP generates and builds what binds them; the
 * library is loaded by {@link NativeLibrary}, because JavaCPP's own loader unpacks into a folder of
 * its choice. Addresses are not checked here.
 */
@Platform(include = "touchstone_cpu.h", library = "touchstone_cpu")
final class NativeCalls {
  private NativeCalls() {}

  /** Returns whether the processor runs an instruction set. */
  @NoException
  @Name("ts_supported")
  static native int supported(int isa);

  /** Ties the calling thread to a processor: 0, an errno, or -1 where there is no way to. */
  @NoException
  @Name("ts_pin")
  static native int pin(int number);

  /**
   * Multiplies and adds BF16 in registers: the number of operations, 0 without such instructions.
   */
  @NoException
  @Name("ts_bf16_dots")
  static native @Cast("int64_t") long bf16Dots(int isa, @Cast("int64_t") long steps);

  /** Multiplies rows with weights; the address is that of the arguments. */
  @NoException
  @Name("ts_product")
  static native void product(int isa, @Cast("int64_t") long arguments);

  /** Packs a dense weight [n, k]. */
  @NoException
  @Name("ts_pack")
  static native void pack(
      int isa,
      @Cast("int64_t") long from,
      @Cast("int64_t") long n,
      @Cast("int64_t") long k,
      int type,
      @Cast("int64_t") long to);

  /** Unpacks into a dense weight [n, k]. */
  @NoException
  @Name("ts_unpack")
  static native void unpack(
      @Cast("int64_t") long from,
      @Cast("int64_t") long n,
      @Cast("int64_t") long k,
      int type,
      @Cast("int64_t") long to);

  /** Transposes keys into a block. */
  @NoException
  @Name("ts_attention_keys")
  static native void attentionKeys(
      int isa,
      @Cast("int64_t") long from,
      @Cast("int64_t") long pitch,
      int type,
      int count,
      int elements,
      int at,
      @Cast("int64_t") long keys);

  /** Widens rows to FP32. */
  @NoException
  @Name("ts_attention_rows")
  static native void attentionRows(
      int isa,
      @Cast("int64_t") long from,
      @Cast("int64_t") long pitch,
      int type,
      int count,
      int elements,
      int width,
      @Cast("int64_t") long to,
      int toPitch);

  /** Attends over a block; the address is that of the arguments. */
  @NoException
  @Name("ts_attention_block")
  static native void attentionBlock(int isa, @Cast("int64_t") long arguments);

  /** Attends over rows of a cache where they lie; the address is that of the arguments. */
  @NoException
  @Name("ts_attention_cached")
  static native void attentionCached(int isa, @Cast("int64_t") long arguments);

  /** Merges partial results into a row. */
  @NoException
  @Name("ts_attention_merge")
  static native void attentionMerge(
      int isa,
      @Cast("int64_t") long arguments,
      int row,
      @Cast("int64_t") long partials,
      int count,
      int valueDim);

  /** Multiplies a row, whose width is a multiple of 32, by a factor. */
  @NoException
  @Name("ts_attention_scale")
  static native void attentionScale(int isa, @Cast("int64_t") long row, int width, float factor);

  /** Divides a row by a number and writes it. */
  @NoException
  @Name("ts_attention_output")
  static native void attentionOutput(
      int isa,
      @Cast("int64_t") long row,
      float divisor,
      int count,
      int type,
      @Cast("int64_t") long to);

  /** Multiplies rows with a weight whose rows are terms. */
  @NoException
  @Name("ts_accumulate")
  static native void accumulate(
      int isa,
      @Cast("int64_t") long a,
      int rowType,
      @Cast("int64_t") long rowPitch,
      int m,
      @Cast("int64_t") long weight,
      int type,
      @Cast("int64_t") long pitch,
      int n,
      int terms,
      @Cast("int64_t") long c,
      @Cast("int64_t") long resultPitch);

  /** Multiplies FP32 rows with rows of a weight where they lie. */
  @NoException
  @Name("ts_dot_rows")
  static native void dotRows(
      int isa,
      @Cast("int64_t") long a,
      @Cast("int64_t") long rowPitch,
      int m,
      @Cast("int64_t") long weight,
      int type,
      @Cast("int64_t") long pitch,
      int n,
      int terms,
      @Cast("int64_t") long c,
      int resultPitch);

  /** Quantises a row in groups. */
  @NoException
  @Name("ts_row_quantise_groups")
  static native void quantiseGroups(
      int isa,
      @Cast("int64_t") long from,
      int type,
      @Cast("int64_t") long count,
      int group,
      float floor,
      float maxValue,
      @Cast("int64_t") long codes,
      @Cast("int64_t") long scales);
}
