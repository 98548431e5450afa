package org.touchstone.backends.opencl;

import java.util.Map;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.opencl.driver.KernelEdit;
import org.touchstone.backends.opencl.driver.OpenClContext;
import org.touchstone.backends.opencl.op.Operators;
import org.touchstone.backends.opencl.op.PackedWeights;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.spi.SpecSizes;

/** An open OpenCL device. Thread-safe. */
final class OpenClDevice implements BackendDevice {
  private final OpenClContext context;
  private volatile Target target;
  private volatile Operators operators;

  OpenClDevice(OpenClContext context, Tuning tuning) {
    this.context = context;
    this.target = new Target(context, tuning);
    this.operators = new Operators(target);
  }

  /** Runs kernels of a variant from now on, with a change of their sources. */
  void seed(Variant variant, KernelEdit edit) {
    if (target.tuning().variant() != variant) {
      Configuration forced =
          Configuration.of(Map.of(OpenClSettings.VARIANT.name(), variant.suffix()));
      target = new Target(context, Tuning.of(context.facts(), forced));
      operators = new Operators(target);
    }
    context.programs().edit(edit);
  }

  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return SpecSizes.beyondInt(spec).orElseGet(() -> operators.plan(spec));
  }

  @Override
  public MemorySource memory() {
    return context.memory();
  }

  @Override
  public BackendQueue openQueue() {
    return context.openQueue();
  }

  @Override
  public long packedBytes(Tensor plain, Layout layout) {
    return packs(layout)
        ? PackedWeights.bytes(plain)
        : BackendDevice.super.packedBytes(plain, layout);
  }

  @Override
  public void pack(Tensor plain, Tensor packed) {
    if (!packs(packed.layout())) {
      BackendDevice.super.pack(plain, packed);
      return;
    }
    move(plain, packed, PackedWeights.Direction.PACK);
  }

  @Override
  public void unpack(Tensor packed, Tensor plain) {
    if (!packs(packed.layout())) {
      BackendDevice.super.unpack(packed, plain);
      return;
    }
    move(plain, packed, PackedWeights.Direction.UNPACK);
  }

  private boolean packs(Layout layout) {
    return target.isCpu() && layout.equals(PackedWeights.LAYOUT);
  }

  private void move(Tensor plain, Tensor packed, PackedWeights.Direction direction) {
    try (BackendQueue queue = openQueue()) {
      PackedWeights.move(target, queue, plain, packed, direction);
    }
  }

  @Override
  public void close() {
    context.close();
  }
}
