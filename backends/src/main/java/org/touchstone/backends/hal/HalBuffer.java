package org.touchstone.backends.hal;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Memories;

/** Memory of one open device. Thread-safe. */
final class HalBuffer implements Buffer, Memories.Holder {
  /** Who frees the bytes. */
  enum Owner {
    /** This buffer. */
    BUFFER,
    /** The arena of the wrapped segment. */
    CALLER
  }

  private final HalDevice device;
  private final DeviceMemory memory;
  private final long bytes;
  private final Owner owner;
  private final @Nullable Throwable site;
  private final AtomicBoolean closed = new AtomicBoolean();

  HalBuffer(
      HalDevice device, DeviceMemory memory, long bytes, Owner owner, @Nullable Throwable site) {
    this.device = device;
    this.memory = memory;
    this.bytes = bytes;
    this.owner = owner;
    this.site = site;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  long ownedBytes() {
    return owner == Owner.BUFFER ? bytes : 0;
  }

  @Nullable Throwable site() {
    return site;
  }

  @Override
  public Optional<Device> device() {
    return Optional.of(device);
  }

  @Override
  public DeviceMemory memory() {
    requireOpen();
    return memory.unwrapped();
  }

  @Override
  public MemorySegment host() {
    requireOpen();
    return memory
        .host()
        .orElseThrow(
            () ->
                new HalException(
                    ErrorCode.WRONG_DEVICE,
                    "the host cannot reach the buffer's " + bytes + " bytes",
                    null,
                    device.info().uri(),
                    "copy them with Queue.copy",
                    null))
        .asSlice(0, bytes);
  }

  void requireOpen() {
    if (isClosed()) {
      throw new HalException(
          ErrorCode.CLOSED,
          "the buffer of " + bytes + " bytes is closed",
          null,
          device.info().uri(),
          "keep it open while it is used",
          null);
    }
  }

  @Override
  public boolean isClosed() {
    return closed.get();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      device.ledger().closed(this);
      try {
        memory.close();
        // The memory is a backend's; whatever it throws names the device.
      } catch (Throwable e) {
        throw Failures.of(e, "freeing a buffer", null, device.info().uri());
      }
    }
  }

  @Override
  public String toString() {
    return "buffer of " + bytes + " bytes on " + device.info().uri();
  }
}
