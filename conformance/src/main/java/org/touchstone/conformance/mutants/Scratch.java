package org.touchstone.conformance.mutants;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Memories;

/**
 * Device memory that a defect sees as host memory: the same bytes where the host reaches them,
 * otherwise an image that is copied back and forth around every launch.
 */
final class Scratch implements Buffer, Memories.Holder {
  private final MemorySegment image;
  private final DeviceMemory memory;
  private final Optional<MemorySegment> synced;
  private boolean fresh;

  private Scratch(MemorySegment image, DeviceMemory memory, Optional<MemorySegment> synced) {
    this.image = image;
    this.memory = memory;
    this.synced = synced;
  }

  /** Shows memory that the host reaches. */
  static Scratch direct(MemorySegment host, DeviceMemory wrapped) {
    return new Scratch(host, wrapped.unwrapped(), Optional.empty());
  }

  /** Shows memory directly where the host reaches it, by an image where not. */
  static Scratch of(DeviceMemory memory, Arena arena) {
    return memory.host().map(host -> direct(host, memory)).orElseGet(() -> image(memory, arena));
  }

  /** Makes an image of memory that the host does not reach; {@link #pull} fills it. */
  static Scratch image(DeviceMemory memory, Arena arena) {
    return new Scratch(
        arena.allocate(memory.bytes(), 64),
        memory.unwrapped(),
        Optional.of(arena.allocate(memory.bytes(), 64)));
  }

  /** Makes an image of memory that nobody has written yet: all of it is, with zeros at first. */
  static Scratch fresh(DeviceMemory memory, Arena arena) {
    Scratch scratch = image(memory, arena);
    scratch.fresh = true;
    return scratch;
  }

  /** Reads the device's bytes. */
  void pull(BackendQueue queue) {
    synced.ifPresent(
        copy -> {
          queue.copy(new CopyRows(far(), near(), bytes(), 1));
          queue.record().await();
          copy.copyFrom(image);
        });
  }

  /** Writes the bytes that changed since. */
  void push(BackendQueue queue) {
    synced.ifPresent(
        copy -> {
          if (fresh || image.mismatch(copy) >= 0) {
            fresh = false;
            queue.copy(new CopyRows(near(), far(), bytes(), 1));
            queue.record().await();
            copy.copyFrom(image);
          }
        });
  }

  private CopyRows.End far() {
    return new CopyRows.End(memory, null, 0, bytes());
  }

  private CopyRows.End near() {
    return new CopyRows.End(null, image, 0, bytes());
  }

  @Override
  public DeviceMemory memory() {
    return memory;
  }

  @Override
  public long bytes() {
    return image.byteSize();
  }

  @Override
  public Optional<Device> device() {
    return Optional.empty();
  }

  @Override
  public MemorySegment host() {
    return image;
  }

  @Override
  public boolean isClosed() {
    return !image.scope().isAlive();
  }

  @Override
  public void close() {}
}
