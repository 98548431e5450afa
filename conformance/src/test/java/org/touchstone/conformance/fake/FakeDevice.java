package org.touchstone.conformance.fake;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.touchstone.api.Buffer;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** Adds; everything else is refused. A test may replace the kernel or the whole answer. */
public final class FakeDevice implements BackendDevice {
  private final HostAccess access;
  private final UnaryOperator<Kernel<AddArgs>> kernel;
  private final Function<AddSpec, KernelTraits> traits;

  /** Creates a device that runs a kernel made from the correct one. */
  public FakeDevice(
      HostAccess access,
      UnaryOperator<Kernel<AddArgs>> kernel,
      Function<AddSpec, KernelTraits> traits) {
    this.access = access;
    this.kernel = kernel;
    this.traits = traits;
  }

  @Override
  @SuppressWarnings("unchecked") // an AddSpec takes AddArgs
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return spec instanceof AddSpec add
        ? (Plan<A>)
            new Plan.Runs<AddArgs>("fake_add", traits.apply(add), () -> kernel.apply(correct(add)))
        : Plan.refuses(ReasonCode.OPERATOR, "only additions are implemented");
  }

  private static Kernel<AddArgs> correct(AddSpec spec) {
    return (queue, args, workspace) -> add(spec, args);
  }

  private static void add(AddSpec spec, AddArgs args) {
    double[] a = HostTensors.doubles(view(args.a()));
    double[] b = HostTensors.doubles(view(args.b()));
    for (int i = 0; i < a.length; i++) {
      a[i] = FloatFormat.F32.roundTo(a[i] + b[i], Saturation.NONSAT);
    }
    write(args.y(), a, spec.output());
  }

  /** Returns a tensor on the device as one on the host. */
  public static Tensor view(Tensor tensor) {
    return Tensor.of(
        Buffer.ofHost(Memories.of(tensor, FakeMemory.class).segment()),
        tensor.dtype(),
        tensor.shape(),
        tensor.strides(),
        tensor.byteOffset(),
        tensor.layout());
  }

  /** Writes a tensor on the device, rounded to nearest. */
  public static void write(Tensor tensor, double[] values, DType type) {
    if (type != tensor.dtype()) {
      throw new IllegalArgumentException("expected " + type + ", got " + tensor);
    }
    HostTensors.write(view(tensor), values, Saturation.NONSAT);
  }

  @Override
  public MemorySource memory() {
    return FakeMemory.source(access);
  }

  @Override
  public BackendQueue openQueue() {
    return new BackendQueue() {
      @Override
      public void copy(CopyRows rows) {
        MemorySegment src = segment(rows.src());
        MemorySegment dst = segment(rows.dst());
        for (long row = 0; row < rows.rows(); row++) {
          MemorySegment.copy(
              src,
              rows.src().offset() + row * rows.src().pitch(),
              dst,
              rows.dst().offset() + row * rows.dst().pitch(),
              rows.rowBytes());
        }
      }

      @Override
      public BackendEvent record() {
        return BackendEvent.DONE;
      }

      @Override
      public void await(BackendEvent event) {}

      @Override
      public void close() {}
    };
  }

  private static MemorySegment segment(CopyRows.End end) {
    return end.memory() instanceof FakeMemory memory
        ? memory.segment()
        : Objects.requireNonNull(end.host());
  }

  @Override
  public void close() {}
}
