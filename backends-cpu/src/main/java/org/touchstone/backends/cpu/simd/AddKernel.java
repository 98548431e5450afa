package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.cpu.micro.RowKernels;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/** Adds strip by strip: dense tensors as one row, others row by row. */
final class AddKernel implements Kernel<AddArgs> {
  private final Engine engine;

  private AddKernel(Engine engine) {
    this.engine = engine;
  }

  static Plan<AddArgs> plan(AddSpec spec, Engine engine) {
    return Plan.runs(spec.op().opName() + ".strips", KernelTraits.PLAIN_F32, new AddKernel(engine));
  }

  @Override
  public void launch(BackendQueue queue, AddArgs args, DeviceMemory workspace) {
    Tensor y = args.y();
    Shape shape = y.shape();
    boolean dense = args.a().isDense() && args.b().isDense() && y.isDense();
    long rowLength = dense || shape.rank() == 0 ? shape.elements() : shape.dim(-1);
    if (shape.elements() == 0) {
      return;
    }
    Operand a = new Operand(args.a());
    Operand b = new Operand(args.b());
    Operand sum = new Operand(y);
    long strips = Math.ceilDiv(rowLength, Strip.LENGTH);
    long rows = shape.elements() / rowLength;
    // A strip is added up in the time in which threads agree on who takes it.
    long perTask = Math.max(Strip.rowsPerTask(rowLength), rows * strips / (4 * engine.tasks()));
    engine.forEach(
        Math.ceilDiv(rows * strips, perTask),
        Math.min(Strip.LENGTH, rowLength) * perTask,
        task -> {
          long end = Math.min(rows * strips, (task + 1) * perTask);
          for (long strip = task * perTask; strip < end; strip++) {
            add(a, b, sum, strip / strips, strip % strips * Strip.LENGTH, rowLength);
          }
        });
  }

  private void add(Operand a, Operand b, Operand y, long row, long from, long rowLength) {
    RowKernels kernels = engine.kernels();
    Strip strip = Strip.mine();
    int count = Strip.count(rowLength, from);
    a.load(row, from, strip.a, count);
    b.load(row, from, strip.b, count);
    kernels.add(strip.a, strip.b, count, RowKernels.Rounding.NONE);
    y.store(row, from, strip.a, count);
  }

  /** A tensor of any rank; rows are numbered in row-major order of the outer dimensions. */
  private final class Operand {
    private final Tensor tensor;
    private final MemorySegment memory;
    private final long elementBytes;

    Operand(Tensor tensor) {
      this.tensor = tensor;
      this.memory = Memories.host(tensor);
      this.elementBytes = Strip.bytes(tensor.dtype());
    }

    private long offset(long row, long element) {
      long at = element;
      long rest = row;
      for (int d = tensor.shape().rank() - 2; d >= 0 && rest > 0; d--) {
        at += rest % tensor.dim(d) * tensor.strides().step(d);
        rest /= tensor.dim(d);
      }
      return at * elementBytes;
    }

    void load(long row, long element, float[] to, int count) {
      engine.kernels().load(memory, offset(row, element), tensor.dtype(), to, 0, count);
    }

    void store(long row, long element, float[] from, int count) {
      engine.kernels().store(from, 0, memory, offset(row, element), tensor.dtype(), count);
    }
  }
}
