package org.touchstone.conformance.mutants;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** A correct kernel behind a defect. */
final class SpoiledKernel<A extends Args> implements Kernel<A> {
  private final OpSpec<A> spec;
  private final Kernel<A> kernel;
  private final BackendDevice device;
  private final Defect defect;
  private final AtomicLong launches = new AtomicLong();

  SpoiledKernel(OpSpec<A> spec, Kernel<A> kernel, BackendDevice device, Defect defect) {
    this.spec = spec;
    this.kernel = kernel;
    this.device = device;
    this.defect = defect;
  }

  @Override
  public void launch(BackendQueue queue, A args, DeviceMemory workspace) {
    try (Arena arena = Arena.ofShared()) {
      long number = launches.getAndIncrement();
      try {
        defect.spoil(new OneShot(queue, args, workspace, arena, number));
      } catch (Inapplicable e) {
        kernel.launch(queue, args, workspace);
      }
      queue.record().await();
    }
  }

  @Override
  public long workspaceBytes(A args) {
    return kernel.workspaceBytes(args);
  }

  @Override
  public Layout preferredLayout(String slot) {
    return kernel.preferredLayout(slot);
  }

  @Override
  public void close() {
    kernel.close();
  }

  private final class OneShot implements Shot {
    private final BackendQueue queue;
    private final DeviceMemory workspace;
    private final Arena arena;
    private final long number;
    private final List<Slot> slots;
    private final List<@Nullable Tensor> tensors;
    private OpSpec<?> running;

    OneShot(BackendQueue queue, A args, DeviceMemory workspace, Arena arena, long number) {
      this.queue = queue;
      this.workspace = workspace;
      this.arena = arena;
      this.number = number;
      this.slots = spec.signature().slots();
      this.tensors = new ArrayList<>(args.tensors());
      this.running = spec;
    }

    @Override
    public OpSpec<?> spec() {
      return spec;
    }

    @Override
    public BackendDevice device() {
      return device;
    }

    @Override
    public long number() {
      return number;
    }

    private int index(String slot) {
      for (int i = 0; i < slots.size(); i++) {
        if (slots.get(i).name().equals(slot)) {
          return i;
        }
      }
      return -1;
    }

    @Override
    public boolean has(String slot) {
      int index = index(slot);
      return index >= 0 && tensors.get(index) != null;
    }

    @Override
    public Tensor tensor(String slot) {
      int index = index(slot);
      Tensor tensor = index < 0 ? null : tensors.get(index);
      if (tensor == null) {
        throw new IllegalArgumentException(spec.op().opName() + " has no tensor " + slot);
      }
      return tensor;
    }

    @Override
    public Tensor scratch(DType dtype, Shape shape) {
      long bytes = Math.max(8, Tensor.denseBytes(dtype, shape));
      MemorySegment memory = arena.allocate(bytes, 64);
      return Tensor.of(new Scratch(memory, device.memory().wrap(memory)), dtype, shape);
    }

    @Override
    public Tensor copy(String slot) {
      Tensor original = tensor(slot);
      if (!original.layout().plain()) {
        throw new Inapplicable();
      }
      Tensor copy = scratch(original.dtype(), original.shape());
      HostTensors.writeCodes(copy, HostTensors.codes(original));
      return copy;
    }

    @Override
    public void replace(String slot, @Nullable Tensor other) {
      tensors.set(index(slot), other);
    }

    @Override
    public void replaceSpec(OpSpec<?> other) {
      running = other;
    }

    @Override
    public void run() {
      if (running.equals(spec)) {
        kernel.launch(queue, Args.of(spec.argsType(), tensors), workspace);
      } else {
        runOther(running);
      }
      queue.record().await();
    }

    private <B extends Args> void runOther(OpSpec<B> other) {
      if (!(device.plan(other) instanceof Plan.Runs<B> runs)) {
        throw new Inapplicable();
      }
      Kernel<B> built = runs.build().get();
      B args = Args.of(other.argsType(), tensors);
      MemorySegment memory = arena.allocate(Math.max(64, built.workspaceBytes(args)), 64);
      try {
        built.launch(queue, args, device.memory().wrap(memory).unwrapped());
        queue.record().await();
      } finally {
        built.close();
      }
    }
  }
}
