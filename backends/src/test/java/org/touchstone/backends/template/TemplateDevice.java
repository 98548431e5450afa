package org.touchstone.backends.template;

import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** An open device: plans operators, hands out memory and queues. Thread-safe. */
final class TemplateDevice implements BackendDevice {
  private final DeviceInfo info;
  private final MemorySource memory = new TemplateMemory();

  TemplateDevice(DeviceInfo info) {
    this.info = info;
  }

  /**
   * Answers for every operator of the catalogue, cheaply and without compiling. One class per
   * operator holds the check, the choice of a kernel and its launch, so that they cannot drift;
   * this method only picks the class:
   *
   * <pre>{@code
   * return switch (spec) {
   *   case GemmSpec gemm -> TemplateGemm.plan(gemm, info);
   *   ...
   * };
   * }</pre>
   *
   * A {@code switch} without a default stops compiling when the catalogue grows, which is how a
   * backend learns of a new operator.
   */
  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return Plan.refuses(ReasonCode.OPERATOR, info.uri() + " implements no " + spec.op().opName());
  }

  /** Returns where buffers come from. */
  @Override
  public MemorySource memory() {
    return memory;
  }

  /** Opens an in-order queue: a stream, a command queue. */
  @Override
  public BackendQueue openQueue() {
    return new TemplateQueue(info);
  }

  /** Releases the context; queues, buffers and kernels are closed already. */
  @Override
  public void close() {}
}
