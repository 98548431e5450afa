package org.touchstone.backends.testing;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.host.Rows;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** Adds F32 tensors; everything else is refused unless a test plans it. */
public final class FakeDevice implements BackendDevice {
  /** Bytes in reverse order. */
  public static final Layout REVERSED = new Layout("fake.reversed");

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final HostAccess access;
  private final FakeQueue.Execution execution;
  private final List<FakeQueue> queues = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger closings = new AtomicInteger();
  private final AtomicInteger launches = new AtomicInteger();
  private volatile @Nullable Function<OpSpec<?>, Plan<?>> planner;

  /** Creates a device. */
  public FakeDevice(HostAccess access, FakeQueue.Execution execution) {
    this.access = access;
    this.execution = execution;
  }

  /** Answers every spec with the given function from now on. */
  public FakeDevice planning(Function<OpSpec<?>, Plan<?>> answers) {
    planner = answers;
    return this;
  }

  /** Returns the queues opened so far. */
  public List<FakeQueue> queues() {
    return List.copyOf(queues);
  }

  /** Returns how often it was closed. */
  public int closings() {
    return closings.get();
  }

  /** Returns how many additions were launched. */
  public int launches() {
    return launches.get();
  }

  @Override
  @SuppressWarnings("unchecked")
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    Function<OpSpec<?>, Plan<?>> answers = planner;
    if (answers != null) {
      return (Plan<A>) answers.apply(spec);
    }
    return spec.equals(AddSpec.of(org.touchstone.api.format.DType.F32))
        ? (Plan<A>) Plan.<AddArgs>runs("fake_add_f32", KernelTraits.PLAIN_F32, add())
        : Plan.refuses(ReasonCode.OPERATOR, "only F32 additions are implemented, not " + spec);
  }

  /** Returns the kernel that adds. */
  public Kernel<AddArgs> add() {
    return (queue, args, workspace) -> {
      launches.incrementAndGet();
      ((FakeQueue) queue).enqueue(() -> add(args));
    };
  }

  private static void add(AddArgs args) {
    float[] a = read(args.a());
    float[] b = read(args.b());
    MemorySegment y = bytes(args.y());
    int[] next = {0};
    Rows.of(
        args.y(),
        (element, count, step) -> {
          for (long i = 0; i < count; i++) {
            long at = args.y().byteOffset() + 4 * (element + i * step);
            y.set(FLOAT, at, a[next[0]] + b[next[0]]);
            next[0]++;
          }
        });
  }

  /** Reads a tensor on the device. */
  public static float[] read(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    MemorySegment memory = bytes(tensor);
    int[] next = {0};
    Rows.of(
        tensor,
        (element, count, step) -> {
          for (long i = 0; i < count; i++) {
            values[next[0]++] = memory.get(FLOAT, tensor.byteOffset() + 4 * (element + i * step));
          }
        });
    return values;
  }

  private static MemorySegment bytes(Tensor tensor) {
    return Memories.of(tensor, FakeMemory.class).bytesOnDevice();
  }

  @Override
  public MemorySource memory() {
    return new FakeMemory.Source(access);
  }

  @Override
  public BackendQueue openQueue() {
    FakeQueue queue = new FakeQueue(execution);
    queues.add(queue);
    return queue;
  }

  @Override
  public long packedBytes(Tensor plain, Layout layout) {
    return layout.equals(REVERSED)
        ? plain.storageBytes()
        : BackendDevice.super.packedBytes(plain, layout);
  }

  @Override
  public void pack(Tensor plain, Tensor packed) {
    reverse(plain, packed);
  }

  @Override
  public void unpack(Tensor packed, Tensor plain) {
    reverse(packed, plain);
  }

  private static void reverse(Tensor from, Tensor to) {
    DeviceMemory target = Memories.of(to, FakeMemory.class);
    MemorySegment src = bytes(from).asSlice(from.byteOffset(), from.storageBytes());
    MemorySegment dst = ((FakeMemory) target).bytesOnDevice().asSlice(to.byteOffset());
    for (long i = 0; i < src.byteSize(); i++) {
      dst.set(ValueLayout.JAVA_BYTE, i, src.get(ValueLayout.JAVA_BYTE, src.byteSize() - 1 - i));
    }
  }

  @Override
  public void close() {
    closings.incrementAndGet();
  }
}
