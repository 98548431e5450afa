package org.touchstone.backends.hal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Signature;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.spi.Kernel;

/** A prepared operator: validates every launch once, before any backend call. */
final class HalOperator<A extends Args> implements Operator<A> {
  private final HalDevice device;
  private final OpSpec<A> spec;
  private final Signature signature;
  private final String kernelName;
  private final KernelTraits traits;
  private final Kernel<A> kernel;

  HalOperator(
      HalDevice device, OpSpec<A> spec, String kernelName, KernelTraits traits, Kernel<A> kernel) {
    this.device = device;
    this.spec = spec;
    this.signature = spec.signature();
    this.kernelName = kernelName;
    this.traits = traits;
    this.kernel = kernel;
  }

  Kernel<A> backendKernel() {
    return kernel;
  }

  @Override
  public OpSpec<A> spec() {
    return spec;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public String kernel() {
    return kernelName;
  }

  @Override
  public KernelTraits traits() {
    return traits;
  }

  @Override
  public Layout preferredLayout(String slot) {
    return kernel.preferredLayout(signature.slot(slot).name());
  }

  @Override
  public Completion submit(Queue queue, A args) {
    String name = spec.op().opName();
    device.requireOpen();
    HalQueue own = own(queue, name);
    if (!spec.argsType().isInstance(args)) {
      throw new HalException(
          ErrorCode.INVALID_SPEC,
          "arguments are a "
              + args.getClass().getSimpleName()
              + ", expected "
              + spec.argsType().getSimpleName(),
          name,
          device.info().uri(),
          null,
          null);
    }
    try {
      spec.check(signature.check(args));
    } catch (HalException e) {
      throw e.at(name, device.info().uri());
    }
    ArgumentCheck.memory(signature, args, name, device);
    return own.submit(new Launch<>(this, kernel, args, everyOutputEmpty(args)));
  }

  private HalQueue own(Queue queue, String name) {
    if (queue instanceof HalQueue own && own.device() == device) {
      return own;
    }
    throw new HalException(
        ErrorCode.WRONG_DEVICE,
        "the queue belongs to " + queue.device().info().uri(),
        name,
        device.info().uri(),
        "open a queue on the operator's device",
        null);
  }

  private boolean everyOutputEmpty(A args) {
    List<@Nullable Tensor> tensors = args.tensors();
    boolean any = false;
    for (int i = 0; i < tensors.size(); i++) {
      Slot slot = signature.slots().get(i);
      Tensor tensor = tensors.get(i);
      if (slot.written() && tensor != null) {
        any = true;
        if (tensor.shape().elements() > 0) {
          return false;
        }
      }
    }
    return any;
  }

  @Override
  public String toString() {
    return spec + " as " + kernelName + " on " + device;
  }
}
