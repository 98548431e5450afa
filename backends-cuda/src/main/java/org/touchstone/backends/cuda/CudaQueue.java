package org.touchstone.backends.cuda;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.cuda.driver.Copy2d;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;

/** A stream. Used by one thread at a time. */
public final class CudaQueue implements BackendQueue {
  /** Blocks that end early make room for others; a few per place even out what is left. */
  private static final long WAVES = 8;

  private final CudaContext context;
  private final CudaDriver driver;
  private final CudaDriver.Stream stream;
  private final CudaEvents events;
  private final CudaStaging staging;
  private CudaDriver.@Nullable Event start;

  CudaQueue(CudaContext context) {
    this.context = context;
    driver = context.driver();
    context.enter();
    try {
      stream = driver.streamCreate();
    } catch (CudaException e) {
      throw context.failure("creating a stream", e);
    }
    context.taken(CudaContext.Resource.STREAM);
    events = new CudaEvents(context);
    staging = new CudaStaging(context, stream);
  }

  /** Returns the CUDA queue behind a queue of the SPI. */
  public static CudaQueue of(BackendQueue queue) {
    if (queue instanceof CudaQueue own) {
      return own;
    }
    throw new HalException(
        ErrorCode.WRONG_DEVICE, queue.getClass().getSimpleName() + " is not a queue of a GPU");
  }

  /** Stamps the start of the first work after the last recorded point. */
  private void begin() {
    context.enter();
    if (start == null) {
      CudaDriver.Event event = events.take();
      driver.eventRecord(event, stream);
      start = event;
    }
  }

  /**
   * Enqueues a kernel.
   *
   * @param function the kernel
   * @param grid blocks
   * @param block threads of a block
   * @param dynamicSharedBytes dynamic shared memory of a block
   * @param params the kernel's parameters
   */
  public void launch(
      CudaFunction function, Dim3 grid, Dim3 block, int dynamicSharedBytes, KernelParams params) {
    try {
      begin();
      driver.launchKernel(
          function.handle(), grid, block, dynamicSharedBytes, stream, params.bytes());
    } catch (CudaException e) {
      throw context.failure(
          "launch of "
              + function.name()
              + " with "
              + grid.count()
              + " blocks of "
              + block.count()
              + " threads and "
              + dynamicSharedBytes
              + " bytes of shared memory",
          e);
    }
  }

  /**
   * Enqueues a kernel whose blocks loop over what is left, with as many blocks as keep the device
   * busy: a few times those that it runs at once.
   *
   * @param blocks how many blocks there is work for
   */
  public void launchLooping(
      CudaFunction function,
      long blocks,
      int threads,
      int dynamicSharedBytes,
      KernelParams params) {
    try {
      context.enter();
      long most = WAVES * context.residentBlocks(function, threads, dynamicSharedBytes);
      Dim3 grid = Dim3.of((int) Math.clamp(blocks, 1, most));
      launch(function, grid, Dim3.of(threads), dynamicSharedBytes, params);
    } catch (CudaException e) {
      throw context.failure("asking how many blocks of " + function.name() + " fit", e);
    }
  }

  /** Enqueues filling memory with a byte. */
  public void fill(DevicePointer pointer, byte value, long bytes) {
    try {
      begin();
      driver.memsetD8Async(pointer, value, bytes, stream);
    } catch (CudaException e) {
      throw context.failure("filling " + bytes + " bytes", e);
    }
  }

  @Override
  public void copy(CopyRows rows) {
    try {
      begin();
      CopyRows whole = joined(rows);
      MemorySegment from = whole.src().host();
      MemorySegment to = whole.dst().host();
      if (from != null) {
        upload(whole, from);
      } else if (to != null) {
        download(whole, to);
      } else {
        move(whole);
      }
    } catch (CudaException e) {
      throw context.failure("copy of " + rows.rows() + " rows of " + rows.rowBytes() + " bytes", e);
    }
  }

  /** Takes rows without gaps on both sides as one row. */
  private static CopyRows joined(CopyRows rows) {
    boolean dense =
        rows.rows() > 1
            && rows.src().pitch() == rows.rowBytes()
            && rows.dst().pitch() == rows.rowBytes();
    if (!dense) {
      return rows;
    }
    long bytes = Math.multiplyExact(rows.rowBytes(), rows.rows());
    return new CopyRows(pitched(rows.src(), bytes), pitched(rows.dst(), bytes), bytes, 1);
  }

  private static CopyRows.End pitched(CopyRows.End end, long pitch) {
    return new CopyRows.End(end.memory(), end.host(), end.offset(), pitch);
  }

  private static DevicePointer pointer(CopyRows.End end) {
    if (end.memory() == null) {
      throw new HalException(ErrorCode.INTERNAL, "an end of a copy is neither host nor device");
    }
    return CudaMemory.pointer(end.memory()).plus(end.offset());
  }

  private void move(CopyRows rows) {
    DevicePointer src = pointer(rows.src());
    DevicePointer dst = pointer(rows.dst());
    if (rows.rows() == 1) {
      driver.memcpyDtoDAsync(dst, src, rows.rowBytes(), stream);
      return;
    }
    driver.memcpy2DAsync(
        new Copy2d(
            new Copy2d.OnDevice(src, rows.src().pitch()),
            new Copy2d.OnDevice(dst, rows.dst().pitch()),
            rows.rowBytes(),
            rows.rows()),
        stream);
  }

  /** A part of a copy that fits a chunk of staging memory. */
  @FunctionalInterface
  private interface Piece {
    void take(long row, long column, long bytes, long count);
  }

  private static void forEachPiece(CopyRows rows, Piece piece) {
    if (rows.rowBytes() <= CudaStaging.CHUNK) {
      long atOnce = CudaStaging.CHUNK / rows.rowBytes();
      for (long row = 0; row < rows.rows(); row += atOnce) {
        piece.take(row, 0, rows.rowBytes(), Math.min(atOnce, rows.rows() - row));
      }
      return;
    }
    for (long row = 0; row < rows.rows(); row++) {
      for (long column = 0; column < rows.rowBytes(); column += CudaStaging.CHUNK) {
        piece.take(row, column, Math.min(CudaStaging.CHUNK, rows.rowBytes() - column), 1);
      }
    }
  }

  private void upload(CopyRows rows, MemorySegment from) {
    DevicePointer to = pointer(rows.dst());
    forEachPiece(
        rows,
        (row, column, bytes, count) -> {
          CudaStaging.Chunk chunk = staging.take(bytes * count);
          MemorySegment memory = chunk.first(bytes * count);
          for (long i = 0; i < count; i++) {
            long at = rows.src().offset() + (row + i) * rows.src().pitch() + column;
            MemorySegment.copy(from, at, memory, i * bytes, bytes);
          }
          DevicePointer target = to.plus(row * rows.dst().pitch() + column);
          if (count == 1) {
            driver.memcpyHtoDAsync(target, memory, stream);
          } else {
            driver.memcpy2DAsync(
                new Copy2d(
                    new Copy2d.OnHost(memory, bytes),
                    new Copy2d.OnDevice(target, rows.dst().pitch()),
                    bytes,
                    count),
                stream);
          }
          chunk.used(null);
        });
  }

  private void download(CopyRows rows, MemorySegment to) {
    DevicePointer from = pointer(rows.src());
    forEachPiece(
        rows,
        (row, column, bytes, count) -> {
          CudaStaging.Chunk chunk = staging.take(bytes * count);
          MemorySegment memory = chunk.first(bytes * count);
          DevicePointer source = from.plus(row * rows.src().pitch() + column);
          if (count == 1) {
            driver.memcpyDtoHAsync(memory, source, stream);
          } else {
            driver.memcpy2DAsync(
                new Copy2d(
                    new Copy2d.OnDevice(source, rows.src().pitch()),
                    new Copy2d.OnHost(memory, bytes),
                    bytes,
                    count),
                stream);
          }
          chunk.used(
              () -> {
                for (long i = 0; i < count; i++) {
                  long at = rows.dst().offset() + (row + i) * rows.dst().pitch() + column;
                  MemorySegment.copy(memory, i * bytes, to, at, bytes);
                }
              });
        });
    staging.settle();
  }

  @Override
  public BackendEvent record() {
    try {
      context.enter();
      CudaDriver.Event end = events.take();
      driver.eventRecord(end, stream);
      CudaDriver.Event since = start;
      start = null;
      return new CudaEvent(context, events, since, end);
    } catch (CudaException e) {
      throw context.failure("recording an event", e);
    }
  }

  @Override
  public void await(BackendEvent event) {
    try {
      if (event instanceof CudaEvent own) {
        context.enter();
        own.awaitedBy(stream);
      } else {
        event.await();
      }
    } catch (CudaException e) {
      throw context.failure("waiting for another stream", e);
    }
  }

  @Override
  public void close() {
    try {
      // A lost context runs nothing any more, and every submission was told.
      if (!context.lost()) {
        context.enter();
        driver.streamSynchronize(stream);
      }
    } catch (CudaException e) {
      throw context.failure("finishing a stream", e);
    } finally {
      staging.close();
      events.close();
      context.release(CudaContext.Resource.STREAM, () -> driver.streamDestroy(stream));
    }
  }
}
