package org.touchstone.conformance.mutants;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
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
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/** A correct kernel behind a defect. */
final class SpoiledKernel<A extends Args> implements DelegatingKernel<A> {
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
  public Kernel<A> kernel() {
    return kernel;
  }

  @Override
  public void launch(BackendQueue queue, A args, DeviceMemory workspace) {
    long number = launches.getAndIncrement();
    try (Arena arena = Arena.ofShared();
        OneShot shot = new OneShot(queue, args, workspace, arena, number)) {
      try {
        defect.spoil(shot);
        shot.push();
      } catch (Inapplicable e) {
        kernel.launch(queue, args, workspace);
      }
      queue.record().await();
    }
  }

  private final class OneShot implements Shot, AutoCloseable {
    private final BackendQueue queue;
    private final DeviceMemory workspace;
    private final Arena arena;
    private final long number;
    private final List<Slot> slots;
    private final List<@Nullable Tensor> given;
    private final List<@Nullable Tensor> tensors;
    private final IdentityHashMap<DeviceMemory, Scratch> images = new IdentityHashMap<>();
    private final List<DeviceMemory> owned = new ArrayList<>();
    private OpSpec<?> running;

    OneShot(BackendQueue queue, A args, DeviceMemory workspace, Arena arena, long number) {
      this.queue = queue;
      this.workspace = workspace;
      this.arena = arena;
      this.number = number;
      this.slots = spec.signature().slots();
      this.given = args.tensors();
      this.tensors = new ArrayList<>(given);
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
      Tensor visible = visible(tensor);
      tensors.set(index, visible);
      return visible;
    }

    @Override
    public Tensor argument(String slot) {
      return Objects.requireNonNull(given.get(index(slot)));
    }

    @Override
    public Tensor visible(Tensor tensor) {
      if (tensor.buffer() instanceof Scratch) {
        return tensor;
      }
      DeviceMemory memory = Memories.of(tensor, DeviceMemory.class);
      return memory.host().isPresent() ? tensor : on(image(memory), tensor);
    }

    private Scratch image(DeviceMemory memory) {
      return images.computeIfAbsent(
          memory,
          m -> {
            Scratch image = Scratch.image(m, arena);
            image.pull(queue);
            return image;
          });
    }

    private static Tensor on(Scratch image, Tensor tensor) {
      return tensor.layout().plain()
          ? Tensor.of(
              image,
              tensor.dtype(),
              tensor.shape(),
              tensor.strides(),
              tensor.byteOffset(),
              tensor.layout())
          : Tensor.packed(
              image,
              tensor.dtype(),
              tensor.shape(),
              tensor.byteOffset(),
              tensor.layout(),
              tensor.storageBytes());
    }

    @Override
    public Tensor scratch(DType dtype, Shape shape) {
      long bytes = Math.max(8, Tensor.denseBytes(dtype, shape));
      if (reachable()) {
        MemorySegment memory = arena.allocate(bytes, 64);
        return Tensor.of(Scratch.direct(memory, device.memory().wrap(memory)), dtype, shape);
      }
      Scratch image = Scratch.fresh(own(bytes), arena);
      images.put(image.memory(), image);
      return Tensor.of(image, dtype, shape);
    }

    private DeviceMemory own(long bytes) {
      DeviceMemory memory = device.memory().allocate(bytes);
      owned.add(memory);
      return memory;
    }

    private boolean reachable() {
      for (Tensor tensor : tensors) {
        if (tensor != null && !Memories.of(tensor, DeviceMemory.class).host().isPresent()) {
          return false;
        }
      }
      return true;
    }

    /** Brings what the defect wrote to the device. */
    void push() {
      images.values().forEach(image -> image.push(queue));
    }

    @Override
    public void close() {
      owned.forEach(DeviceMemory::close);
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
      push();
      if (running.equals(spec)) {
        kernel.launch(queue, Args.of(spec.argsType(), tensors), workspace);
      } else {
        runOther(running);
      }
      queue.record().await();
      images.values().forEach(image -> image.pull(queue));
    }

    private <B extends Args> void runOther(OpSpec<B> other) {
      if (!(device.plan(other) instanceof Plan.Runs<B> runs)) {
        throw new Inapplicable();
      }
      Kernel<B> built = runs.build().get();
      B args = Args.of(other.argsType(), tensors);
      try {
        built.launch(queue, args, own(Math.max(64, built.workspaceBytes(args))).unwrapped());
        queue.record().await();
      } finally {
        built.close();
      }
    }
  }
}
