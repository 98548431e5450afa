package org.touchstone.conformance.mutants;

import java.util.Optional;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** A device that passes everything on. */
interface DelegatingDevice extends BackendDevice {
  /** Returns the device behind it. */
  BackendDevice device();

  @Override
  default <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return device().plan(spec);
  }

  @Override
  default MemorySource memory() {
    return device().memory();
  }

  @Override
  default BackendQueue openQueue() {
    return device().openQueue();
  }

  @Override
  default long packedBytes(Tensor plain, Layout layout) {
    return device().packedBytes(plain, layout);
  }

  @Override
  default void pack(Tensor plain, Tensor packed) {
    device().pack(plain, packed);
  }

  @Override
  default void unpack(Tensor packed, Tensor plain) {
    device().unpack(packed, plain);
  }

  @Override
  default <T extends BackendDevice> Optional<T> unwrap(Class<T> type) {
    return device().unwrap(type);
  }

  @Override
  default void close() {
    device().close();
  }
}
