package org.touchstone.backends.opencl.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.opencl.driver.Launch;
import org.touchstone.backends.spi.DeviceMemory;

/**
 * Vectors of heads of tokens of sequences as {@code attention.cl} takes them: buffer, first byte,
 * elements from sequence to sequence, token to token and head to head.
 */
final class Heads {
  /** No vectors. */
  static final Heads NONE = new Heads(null, null, 0, DType.F32, 0, 0, 0);

  private final @Nullable Tensor tensor;
  private final @Nullable DeviceMemory memory;
  private final long offset;
  private final DType type;
  private final long batchStep;
  private final long tokenStep;
  private final long headStep;

  private Heads(
      @Nullable Tensor tensor,
      @Nullable DeviceMemory memory,
      long offset,
      DType type,
      long batchStep,
      long tokenStep,
      long headStep) {
    this.tensor = tensor;
    this.memory = memory;
    this.offset = offset;
    this.type = type;
    this.batchStep = batchStep;
    this.tokenStep = tokenStep;
    this.headStep = headStep;
  }

  /** Takes {@code [B, S, heads, ...]}; none when it is null. */
  static Heads padded(@Nullable Tensor tensor) {
    return tensor == null
        ? NONE
        : of(tensor, tensor.strides().step(0), tensor.strides().step(1), tensor.strides().step(2));
  }

  /** Takes {@code [T, heads, ...]}; none when it is null. */
  static Heads packed(@Nullable Tensor tensor) {
    return tensor == null
        ? NONE
        : of(tensor, 0, tensor.strides().step(0), tensor.strides().step(1));
  }

  /** Takes a tensor with steps of its own. */
  static Heads of(Tensor tensor, long batchStep, long tokenStep, long headStep) {
    return new Heads(tensor, null, 0, tensor.dtype(), batchStep, tokenStep, headStep);
  }

  /** Takes FP32 workspace. */
  static Heads in(DeviceMemory memory, long offset, long batchStep, long tokenStep, long headStep) {
    return new Heads(null, memory, offset, DType.F32, batchStep, tokenStep, headStep);
  }

  /** Returns these vectors from an element on. */
  Heads from(long element) {
    return new Heads(
        tensor, memory, offset + type.bytesFor(element), type, batchStep, tokenStep, headStep);
  }

  /** Returns these vectors from a head on. */
  Heads fromHead(long head) {
    return none() ? this : from(head * headStep);
  }

  /** Returns the number of the element type. */
  int type() {
    return TypeNumbers.of(type);
  }

  /** Returns whether there are none. */
  boolean none() {
    return tensor == null && memory == null;
  }

  /** Gives buffer, first byte and steps. */
  Launch give(Launch launch) {
    Launch started;
    if (tensor != null) {
      started = launch.tensor(tensor, offset);
    } else {
      started = memory == null ? launch.tensor(null) : launch.memory(memory, offset);
    }
    return started.i64(batchStep).i64(tokenStep).i64(headStep);
  }
}
