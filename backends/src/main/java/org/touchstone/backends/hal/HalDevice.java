package org.touchstone.backends.hal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Layout;
import org.touchstone.api.MemoryUse;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.UnsupportedException;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.hal.HalBuffer.Owner;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/**
 * An open device: owns its buffers, queues and kernels. Keeps no cache of operators: a program that
 * wants one prepared twice prepares it twice, and compiled code is the kernel cache's business.
 */
final class HalDevice implements Device {
  private final DeviceInfo info;
  private final BackendDevice backend;
  private final MemorySource memory;
  private final List<String> notes;
  private final Consumer<HalDevice> closedListener;
  private final BufferLedger ledger = new BufferLedger();
  private final BufferLedger.Leaks leaks;
  private final WorkspaceRules workspaceRules;
  private final KernelShelf kernels = new KernelShelf();
  private final Set<HalQueue> queues = new HashSet<>();

  /** Shared by whatever creates things that closing must find, exclusive for closing. */
  private final ReentrantReadWriteLock life = new ReentrantReadWriteLock();

  private volatile boolean closed;

  HalDevice(
      DeviceInfo info,
      BackendDevice backend,
      Instruments instruments,
      HalContext context,
      List<String> notes,
      Consumer<HalDevice> closedListener) {
    this.info = info;
    this.backend = instruments.device().apply(backend);
    this.memory = instruments.memory().apply(this.backend);
    this.notes = List.copyOf(notes);
    this.closedListener = closedListener;
    this.leaks = HalSettings.leaks(context.configuration());
    this.workspaceRules =
        new WorkspaceRules(
            instruments.workspace(), HalSettings.largestWorkspace(context.configuration()));
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  List<String> notes() {
    return notes;
  }

  BufferLedger ledger() {
    return ledger;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public Verdict support(OpSpec<?> spec) {
    return whileOpen(() -> Planning.verdict(backend, spec, info));
  }

  @Override
  public <A extends Args> Operator<A> prepare(OpSpec<A> spec) {
    return whileOpen(() -> prepareOpen(spec));
  }

  private <A extends Args> Operator<A> prepareOpen(OpSpec<A> spec) {
    kernels.closeUnreachable();
    String name = spec.op().opName();
    return switch (Planning.plan(backend, spec, info)) {
      case Plan.Refuses<A> refuses ->
          throw new UnsupportedException(refuses.reason(), name, info.uri());
      case Plan.Runs<A> runs -> {
        HalOperator<A> operator =
            new HalOperator<>(this, spec, runs.kernel(), runs.traits(), build(runs, name));
        kernels.keep(operator, operator.backendKernel());
        yield operator;
      }
    };
  }

  private <A extends Args> Kernel<A> build(Plan.Runs<A> runs, String operator) {
    try {
      return runs.build().get();
      // Compilers and drivers fail in many ways; the failure must name the operator.
    } catch (Throwable e) {
      HalException failure =
          Failures.of(e, "building kernel " + runs.kernel(), operator, info.uri());
      if (failure.code() == ErrorCode.UNSUPPORTED) {
        throw new HalException(
            ErrorCode.INTERNAL,
            "the backend said that the spec runs and then refused to build it: "
                + failure.getMessage(),
            operator,
            info.uri(),
            "report it to the backend's authors",
            failure);
      }
      throw failure;
    }
  }

  @Override
  public Buffer allocate(long bytes) {
    if (bytes < 0) {
      throw new HalException(
          ErrorCode.NEGATIVE_SIZE,
          "cannot allocate " + bytes + " bytes, expected at least 0",
          null,
          info.uri(),
          null,
          null);
    }
    return whileOpen(() -> track(allocateMemory(bytes), bytes, Owner.BUFFER));
  }

  @Override
  public Buffer wrap(MemorySegment host) {
    if (info.hostAccess() != HostAccess.DIRECT) {
      throw new HalException(
          ErrorCode.UNSUPPORTED,
          "the device does not work on host memory in place",
          null,
          info.uri(),
          "allocate a buffer and copy into it with Queue.copy",
          null);
    }
    HostSegments.requireShared(host, info.uri());
    return whileOpen(
        () -> {
          try {
            return track(memory.wrap(host), host.byteSize(), Owner.CALLER);
            // The memory source is a backend's.
          } catch (Throwable e) {
            throw Failures.of(e, "wrapping host memory", null, info.uri());
          }
        });
  }

  private HalBuffer track(DeviceMemory block, long bytes, Owner owner) {
    HalBuffer buffer = new HalBuffer(this, block, bytes, owner, BufferLedger.site(leaks));
    ledger.opened(buffer);
    return buffer;
  }

  /** Allocates memory that no buffer owns: a buffer's own block, or workspace. */
  DeviceMemory allocateMemory(long bytes) {
    try {
      // Drivers refuse blocks of 0 bytes, while empty tensors are legal.
      return memory.allocate(Math.max(1, bytes));
      // The memory source is a backend's, or an instrument's.
    } catch (Throwable e) {
      throw Failures.of(e, "allocating " + bytes + " bytes", null, info.uri());
    }
  }

  @Override
  public Queue openQueue() {
    return whileOpen(
        () -> {
          HalQueue queue = new HalQueue(this, openBackendQueue(), workspaceRules);
          synchronized (queues) {
            queues.add(queue);
          }
          return queue;
        });
  }

  private BackendQueue openBackendQueue() {
    try {
      return backend.openQueue();
      // A backend is foreign code.
    } catch (Throwable e) {
      throw Failures.of(e, "opening a queue", null, info.uri());
    }
  }

  void forget(HalQueue queue) {
    synchronized (queues) {
      queues.remove(queue);
    }
  }

  @Override
  public Tensor pack(Tensor plain, Layout layout) {
    return whileOpen(
        () -> {
          requireOwn(plain, "pack");
          if (!plain.layout().plain() || !plain.isDense() || layout.plain()) {
            throw new HalException(
                layout.plain() || !plain.layout().plain() ? ErrorCode.LAYOUT : ErrorCode.STRIDES,
                "pack takes a dense PLAIN tensor into a packed layout, got "
                    + plain
                    + " into "
                    + layout,
                null,
                info.uri(),
                "use the layout that Operator.preferredLayout returns, when it is not PLAIN",
                null);
          }
          return filled(
              "packing " + plain + " as " + layout,
              () -> {
                long bytes = backend.packedBytes(plain, layout);
                return Tensor.packed(
                    allocate(bytes), plain.dtype(), plain.shape(), 0, layout, bytes);
              },
              packed -> backend.pack(plain, packed));
        });
  }

  @Override
  public Tensor unpack(Tensor packed) {
    return whileOpen(
        () -> {
          requireOwn(packed, "unpack");
          if (packed.layout().plain()) {
            throw new HalException(
                ErrorCode.LAYOUT,
                "unpack takes a packed tensor, got " + packed,
                null,
                info.uri(),
                null,
                null);
          }
          Shape shape = packed.shape();
          return filled(
              "unpacking " + packed,
              () ->
                  Tensor.of(
                      allocate(Tensor.denseBytes(packed.dtype(), shape)), packed.dtype(), shape),
              plain -> backend.unpack(packed, plain));
        });
  }

  /** Creates a tensor and fills it; a failure frees it. */
  private Tensor filled(String doing, Supplier<Tensor> create, Consumer<Tensor> fill) {
    Tensor tensor = null;
    try {
      tensor = create.get();
      fill.accept(tensor);
      return tensor;
      // A backend is foreign code.
    } catch (Throwable e) {
      if (tensor != null) {
        tensor.buffer().close();
      }
      throw Failures.of(e, doing, null, info.uri());
    }
  }

  private void requireOwn(Tensor tensor, String doing) {
    ArgumentCheck.requireUsable(tensor, doing, null, this);
  }

  @Override
  public MemoryUse memoryUse() {
    return ledger.use();
  }

  private <T> T whileOpen(Supplier<T> action) {
    life.readLock().lock();
    try {
      requireOpen();
      return action.get();
    } finally {
      life.readLock().unlock();
    }
  }

  void requireOpen() {
    if (closed) {
      throw new HalException(
          ErrorCode.CLOSED,
          "the device is closed",
          null,
          info.uri(),
          "keep it open while its queues, buffers and operators are used",
          null);
    }
  }

  @Override
  public void close() {
    life.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
    } finally {
      life.writeLock().unlock();
    }
    closedListener.accept(this);
    List<AutoCloseable> owned = new ArrayList<>();
    synchronized (queues) {
      owned.addAll(queues);
    }
    owned.add(
        () -> {
          List<HalBuffer> left = ledger.stillOpen();
          if (!left.isEmpty()) {
            HalContext.LOG.log(System.Logger.Level.WARNING, BufferLedger.report(info.uri(), left));
          }
          Closing.all(left, "freeing buffers that were left open", info.uri());
        });
    owned.add(kernels);
    owned.add(backend);
    Closing.all(owned, "closing the device", info.uri());
  }

  @Override
  public String toString() {
    return info.uri();
  }
}
