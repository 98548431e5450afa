package org.touchstone.backends.spi;

import java.util.Optional;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/** An open device of a backend. Thread-safe. The HAL has validated everything that it passes in. */
public interface BackendDevice extends AutoCloseable {
  /**
   * Says whether and how a spec runs; cheap, compiles nothing. A {@code switch} over the sealed
   * hierarchy of specs stops compiling when an operator is added; a backend jar that is older than
   * an operator throws {@link MatchException}, which the HAL reports as {@code
   * OPERATOR_NEWER_THAN_BACKEND}.
   */
  <A extends Args> Plan<A> plan(OpSpec<A> spec);

  /** Returns where buffers come from. */
  MemorySource memory();

  /** Opens an in-order queue. */
  BackendQueue openQueue();

  /** Returns the bytes that a tensor takes in a packed layout of this device. */
  default long packedBytes(Tensor plain, Layout layout) {
    throw Packing.unknown(layout, this);
  }

  /**
   * Packs the dense tensor {@code plain} into {@code packed}, whose buffer is large enough. Waits
   * until done.
   */
  default void pack(Tensor plain, Tensor packed) {
    throw Packing.unknown(packed.layout(), this);
  }

  /** Unpacks into a dense PLAIN tensor. Waits until done. */
  default void unpack(Tensor packed, Tensor plain) {
    throw Packing.unknown(packed.layout(), this);
  }

  /**
   * Returns the device of a backend's own type that this one is or wraps. Wrappers pass the
   * question on.
   */
  default <T extends BackendDevice> Optional<T> unwrap(Class<T> type) {
    return type.isInstance(this) ? Optional.of(type.cast(this)) : Optional.empty();
  }

  /** Releases the device; queues and memory are closed already. */
  @Override
  void close();
}
