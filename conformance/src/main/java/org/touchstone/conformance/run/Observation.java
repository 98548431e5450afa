package org.touchstone.conformance.run;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.memory.CountingMemory;
import org.touchstone.backends.memory.FailingMemory;
import org.touchstone.backends.memory.GuardedMemory;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/**
 * The suite's eyes on a device's memory: guards and poison around every block, a count of blocks
 * below everything else, so that what a wrapper or a kernel keeps is seen, and failures to order.
 * Thread-safe.
 */
public final class Observation {
  private @Nullable CountingMemory counting;
  private @Nullable GuardedMemory guarded;
  private @Nullable FailingMemory failing;

  /** Puts this observation under and over what the given instruments wrap. */
  Instruments around(Instruments instruments) {
    return instruments
        .seeding(backend -> instruments.device().apply(new CountedDevice(backend, count(backend))))
        .memory(this::watch)
        .workspace(Instruments.Workspace.EXACT);
  }

  private synchronized CountingMemory count(BackendDevice backend) {
    CountingMemory memory = new CountingMemory(backend.memory());
    counting = memory;
    return memory;
  }

  private synchronized MemorySource watch(BackendDevice device) {
    GuardedMemory guards = GuardedMemory.around(device);
    FailingMemory failures = new FailingMemory(guards);
    guarded = guards;
    failing = failures;
    return failures;
  }

  /** Returns the device's memory in use, whoever allocated it. */
  public synchronized CountingMemory.Usage usage() {
    return Objects.requireNonNull(counting).usage();
  }

  /** Returns a line for every guard that was damaged since the last call; for an idle device. */
  public synchronized List<String> violations() {
    return Objects.requireNonNull(guarded).violations();
  }

  /** Lets the n-th allocation from now fail, 1 for the next; 0 for none. */
  public synchronized void failAt(long nth) {
    Objects.requireNonNull(failing).failAt(nth);
  }

  /** The backend's device with counted memory. */
  private record CountedDevice(BackendDevice device, MemorySource memory) implements BackendDevice {
    @Override
    public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
      return device.plan(spec);
    }

    @Override
    public BackendQueue openQueue() {
      return device.openQueue();
    }

    @Override
    public long packedBytes(Tensor plain, Layout layout) {
      return device.packedBytes(plain, layout);
    }

    @Override
    public void pack(Tensor plain, Tensor packed) {
      device.pack(plain, packed);
    }

    @Override
    public void unpack(Tensor packed, Tensor plain) {
      device.unpack(packed, plain);
    }

    @Override
    public <T extends BackendDevice> Optional<T> unwrap(Class<T> type) {
      return device.unwrap(type);
    }

    @Override
    public void close() {
      device.close();
    }
  }
}
