package org.touchstone.api;

import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/**
 * A spec compiled for one device. Immutable and thread-safe.
 *
 * @param <A> the operator's arguments
 */
public interface Operator<A extends Args> {
  /** Returns what was compiled. */
  OpSpec<A> spec();

  /** Returns the device that it was compiled for. */
  Device device();

  /** Returns the kernel's name. */
  String kernel();

  /** Returns what the kernel declares about its numerics. */
  KernelTraits traits();

  /**
   * Returns the layout in which the kernel family reads a weight fastest. Pack the weight with
   * {@link Device#pack} and prepare a spec that names the layout.
   *
   * @param slot name of the weight's slot, for example {@code b}
   * @return {@link Layout#PLAIN} when packing gains nothing
   */
  Layout preferredLayout(String slot);

  /**
   * Validates the arguments and enqueues the operator.
   *
   * @throws HalException when an argument is wrong; nothing was submitted then
   */
  Completion submit(Queue queue, A args);
}
