package org.touchstone.conformance.mutants;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.spi.BackendDevice;

/**
 * One launch of a correct kernel, for a defect to spoil: its tensors can be replaced, its spec
 * exchanged and its outputs changed. The host reaches the tensors that it returns; where the device
 * has memory of its own, they are copied around every launch.
 */
interface Shot {
  /** Returns the spec. */
  OpSpec<?> spec();

  /** Returns the correct device. */
  BackendDevice device();

  /** Returns which launch of this kernel it is, from 0. */
  long number();

  /** Returns whether a slot has a tensor. */
  boolean has(String slot);

  /** Returns the present tensor of a slot. */
  Tensor tensor(String slot);

  /** Returns the tensor that the launch was given in a slot; the host may not reach it. */
  Tensor argument(String slot);

  /** Returns a tensor of this or an earlier launch with bytes that the host reaches. */
  Tensor visible(Tensor tensor);

  /** Returns a dense copy of a slot's tensor in memory of its own, for as long as the launch. */
  Tensor copy(String slot);

  /** Returns uninitialised dense memory of its own. */
  Tensor scratch(org.touchstone.api.format.DType dtype, org.touchstone.api.Shape shape);

  /** Replaces a slot's tensor. */
  void replace(String slot, @Nullable Tensor other);

  /** Replaces the spec by another one of the same operator. */
  void replaceSpec(OpSpec<?> other);

  /** Runs the kernel as it is set up now and waits for it. */
  void run();

  /** Returns the slots that are written and present. */
  default java.util.List<Slot> outputs() {
    return spec().signature().slots().stream()
        .filter(slot -> slot.written() && has(slot.name()))
        .toList();
  }

  /** Returns the slots that are only read and present. */
  default java.util.List<Slot> inputs() {
    return spec().signature().slots().stream()
        .filter(slot -> !slot.written() && has(slot.name()))
        .toList();
  }

  /** Returns the memory behind a tensor, guards included. */
  static MemorySegment memory(Tensor tensor) {
    return tensor.buffer().host();
  }
}
