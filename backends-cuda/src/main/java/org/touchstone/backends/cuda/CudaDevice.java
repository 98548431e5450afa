package org.touchstone.backends.cuda;

import java.util.function.Function;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.cuda.op.CudaOperators;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.spi.SpecSizes;

/** An open GPU, real or simulated. */
final class CudaDevice implements BackendDevice {
  private final CudaContext context;
  private final CudaMemorySource memory;

  /** Creates the device; it owns the context. */
  CudaDevice(CudaContext context) {
    this.context = context;
    memory = new CudaMemorySource(context);
  }

  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return SpecSizes.beyondInt(spec).orElseGet(() -> CudaOperators.plan(spec, context));
  }

  /** Reads kernels that are loaded from now on in another way, to seed defects. */
  void edit(Function<PtxSnapshot.Entry, byte[]> reader) {
    context.edit(reader);
  }

  @Override
  public MemorySource memory() {
    return memory;
  }

  @Override
  public BackendQueue openQueue() {
    return new CudaQueue(context);
  }

  @Override
  public void close() {
    memory.close();
    context.close();
  }
}
