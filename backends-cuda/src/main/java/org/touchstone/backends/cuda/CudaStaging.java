package org.touchstone.backends.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.driver.CudaDriver;

/**
 * Page-locked memory through which a queue copies: two chunks take turns, so that the host fills or
 * empties one while the device works on the other. Only page-locked memory is copied while the host
 * goes on; a copy to the host has arrived when the call returns. Used by one thread at a time.
 */
final class CudaStaging implements AutoCloseable {
  /** Largest chunk. */
  static final long CHUNK = 4L << 20;

  private static final long SMALLEST = 64L << 10;
  private static final int CHUNKS = 2;

  private final CudaContext context;
  private final CudaDriver.Stream stream;
  private final List<Chunk> chunks = new ArrayList<>();
  private int next;

  CudaStaging(CudaContext context, CudaDriver.Stream stream) {
    this.context = context;
    this.stream = stream;
  }

  /** A piece of page-locked memory. */
  final class Chunk {
    private MemorySegment memory = MemorySegment.NULL;
    private CudaDriver.@Nullable Event event;
    private @Nullable Runnable arrival;
    private boolean busy;

    /** Returns the first bytes. */
    MemorySegment first(long bytes) {
      return memory.asSlice(0, bytes);
    }

    /** Ends the use: the chunk is free when the stream has come here. */
    void used(@Nullable Runnable onArrival) {
      CudaDriver.Event mark = event;
      if (mark == null) {
        mark = context.driver().eventCreate(CudaDriver.Timing.DISABLED);
        context.taken(CudaContext.Resource.EVENT);
        event = mark;
      }
      context.driver().eventRecord(mark, stream);
      arrival = onArrival;
      busy = true;
    }

    private void settle() {
      if (!busy || event == null) {
        return;
      }
      busy = false;
      context.driver().eventSynchronize(event);
      if (arrival != null) {
        arrival.run();
        arrival = null;
      }
    }

    private void grow(long bytes) {
      if (memory.byteSize() >= bytes) {
        return;
      }
      free();
      long size = Math.max(SMALLEST, Long.highestOneBit(2 * bytes - 1));
      memory = context.driver().memHostAlloc(size);
      context.taken(CudaContext.Resource.HOST_MEMORY);
    }

    private void free() {
      if (memory.byteSize() > 0) {
        MemorySegment old = memory;
        memory = MemorySegment.NULL;
        context.release(CudaContext.Resource.HOST_MEMORY, () -> context.driver().memFreeHost(old));
      }
    }

    private void destroy() {
      free();
      CudaDriver.Event mark = event;
      if (mark != null) {
        event = null;
        context.release(CudaContext.Resource.EVENT, () -> context.driver().eventDestroy(mark));
      }
    }
  }

  /** Returns a chunk that is free, of at least {@code bytes}, at most {@link #CHUNK}. */
  Chunk take(long bytes) {
    if (chunks.size() < CHUNKS) {
      chunks.add(new Chunk());
    }
    Chunk chunk = chunks.get(next % chunks.size());
    next = (next + 1) % CHUNKS;
    chunk.settle();
    chunk.grow(bytes);
    return chunk;
  }

  /** Waits until everything has arrived. */
  void settle() {
    chunks.forEach(Chunk::settle);
  }

  @Override
  public void close() {
    chunks.forEach(Chunk::destroy);
    chunks.clear();
  }
}
