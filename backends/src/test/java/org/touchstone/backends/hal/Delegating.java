package org.touchstone.backends.hal;

import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** A device that behaves like another one, except where a test overrides it. */
class Delegating implements BackendDevice {
  private final BackendDevice device;

  Delegating(BackendDevice device) {
    this.device = device;
  }

  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return device.plan(spec);
  }

  @Override
  public MemorySource memory() {
    return device.memory();
  }

  @Override
  public BackendQueue openQueue() {
    return device.openQueue();
  }

  @Override
  public long packedBytes(Tensor plain, Layout layout) {
    return device.packedBytes(plain, layout);
  }

  @Override
  public void pack(Tensor plain, Tensor packed) {
    device.pack(plain, packed);
  }

  @Override
  public void unpack(Tensor packed, Tensor plain) {
    device.unpack(packed, plain);
  }

  @Override
  public void close() {
    device.close();
  }
}
