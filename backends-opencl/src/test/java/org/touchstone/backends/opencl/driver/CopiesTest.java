package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;

class CopiesTest {
  private static final long SEED = 7;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  /** Pitches of a copy's two ends. */
  private record Shape(long rowBytes, long rows, long srcPitch, long dstPitch) {
    long srcBytes() {
      return (rows - 1) * srcPitch + rowBytes;
    }

    long dstBytes() {
      return (rows - 1) * dstPitch + rowBytes;
    }
  }

  @ParameterizedTest
  @CsvSource({
    // bytes per row, rows, pitches, offsets: one row, touching rows, gaps on either or both sides,
    // rows and blocks larger than a staging piece
    "1, 1, 1, 1, 0, 0",
    "67, 5, 67, 67, 3, 5",
    "67, 5, 67, 80, 3, 5",
    "67, 5, 131, 67, 1, 2",
    "6, 702, 13, 8, 7, 64",
    "1048583, 3, 1048583, 1048583, 0, 9",
    "1048583, 2, 1048600, 1048583, 5, 0",
    "300001, 13, 300001, 300007, 2, 4",
    "4096, 600, 4099, 4096, 0, 1"
  })
  void rows_arrive_on_every_route(
      long rowBytes, long rows, long srcPitch, long dstPitch, long srcAt, long dstAt) {
    Shape shape = new Shape(rowBytes, rows, srcPitch, dstPitch);
    try (OpenDevice device = new OpenDevice();
        Arena arena = Arena.ofShared();
        BackendQueue queue = device.context.openQueue();
        DeviceMemory first = device.context.memory().allocate(srcAt + shape.srcBytes());
        DeviceMemory second = device.context.memory().allocate(dstAt + shape.dstBytes())) {
      MemorySegment src = arena.allocate(srcAt + shape.srcBytes());
      Random random = new Random(SEED);
      for (long i = 0; i < src.byteSize(); i++) {
        src.set(BYTE, i, (byte) random.nextInt());
      }
      MemorySegment dst = arena.allocate(dstAt + shape.dstBytes());
      // Host to device as it is, device to device with the pitches, device to host as it is.
      whole(queue, src, first);
      whole(queue, dst, second);
      queue.copy(
          copy(shape, end(first, null, srcAt, srcPitch), end(second, null, dstAt, dstPitch)));
      read(queue, second, dst);
      assertRows(shape, src, srcAt, dst, dstAt);
      // Host to device with the pitches.
      dst.fill((byte) 0);
      whole(queue, dst, second);
      queue.copy(copy(shape, end(null, src, srcAt, srcPitch), end(second, null, dstAt, dstPitch)));
      read(queue, second, dst);
      assertRows(shape, src, srcAt, dst, dstAt);
      // Device to host with the pitches.
      dst.fill((byte) 0);
      queue.copy(copy(shape, end(first, null, srcAt, srcPitch), end(null, dst, dstAt, dstPitch)));
      queue.record().await();
      assertRows(shape, src, srcAt, dst, dstAt);
    }
  }

  private static void assertRows(
      Shape shape, MemorySegment src, long srcAt, MemorySegment dst, long dstAt) {
    for (long row = 0; row < shape.rows(); row++) {
      MemorySegment expected = src.asSlice(srcAt + row * shape.srcPitch(), shape.rowBytes());
      MemorySegment actual = dst.asSlice(dstAt + row * shape.dstPitch(), shape.rowBytes());
      assertThat(expected.mismatch(actual)).as("row %d, seed %d", row, SEED).isEqualTo(-1);
      long gap = row + 1 < shape.rows() ? shape.dstPitch() - shape.rowBytes() : 0;
      for (long i = 0; i < gap; i++) {
        assertThat(dst.get(BYTE, dstAt + row * shape.dstPitch() + shape.rowBytes() + i))
            .as("gap behind row %d", row)
            .isZero();
      }
    }
  }

  private static CopyRows.End end(
      @org.jspecify.annotations.Nullable DeviceMemory memory,
      @org.jspecify.annotations.Nullable MemorySegment host,
      long offset,
      long pitch) {
    return new CopyRows.End(memory, host, offset, pitch);
  }

  private static CopyRows copy(Shape shape, CopyRows.End src, CopyRows.End dst) {
    return new CopyRows(src, dst, shape.rowBytes(), shape.rows());
  }

  private static void whole(BackendQueue queue, MemorySegment from, DeviceMemory to) {
    long bytes = from.byteSize();
    queue.copy(new CopyRows(end(null, from, 0, bytes), end(to, null, 0, bytes), bytes, 1));
  }

  private static void read(BackendQueue queue, DeviceMemory from, MemorySegment to) {
    long bytes = to.byteSize();
    queue.copy(new CopyRows(end(from, null, 0, bytes), end(null, to, 0, bytes), bytes, 1));
    queue.record().await();
  }

  @Test
  void rows_may_interleave_within_one_buffer() {
    try (OpenDevice device = new OpenDevice();
        Arena arena = Arena.ofShared();
        BackendQueue queue = device.context.openQueue();
        DeviceMemory memory = device.context.memory().allocate(64)) {
      MemorySegment bytes = arena.allocate(64);
      for (int i = 0; i < 64; i++) {
        bytes.set(BYTE, i, (byte) i);
      }
      whole(queue, bytes, memory);
      queue.copy(new CopyRows(end(memory, null, 0, 16), end(memory, null, 8, 16), 8, 4));
      read(queue, memory, bytes);
      for (int i = 0; i < 64; i++) {
        assertThat(bytes.get(BYTE, i)).isEqualTo((byte) (i / 16 * 16 + i % 8));
      }
    }
  }

  @Test
  void a_queue_waits_for_another_and_tells_the_device_time() {
    try (OpenDevice device = new OpenDevice();
        Arena arena = Arena.ofShared();
        BackendQueue first = device.context.openQueue();
        BackendQueue second = device.context.openQueue();
        DeviceMemory memory = device.context.memory().allocate(4_000_000)) {
      MemorySegment bytes = arena.allocate(4_000_000).fill((byte) 84);
      assertThat(first.record().isDone()).as("nothing was enqueued").isTrue();
      whole(first, bytes, memory);
      BackendEvent written = first.record();
      second.await(written);
      bytes.fill((byte) 0);
      read(second, memory, bytes);
      assertThat(bytes.get(BYTE, 3_999_999)).isEqualTo((byte) 84);
      assertThat(written.isDone()).isTrue();
      written.await();
      assertThat(written.deviceTime().orElseThrow()).isPositive();
      // Nothing was enqueued since, so this is the same point again.
      assertThat(first.record().deviceTime().orElseThrow()).isZero();
      second.await(written);
    }
  }

  @Test
  void a_buffer_above_the_limit_is_refused_with_numbers() {
    try (OpenDevice device = new OpenDevice()) {
      long limit = device.context.facts().largestBuffer();
      assertThatThrownBy(() -> device.context.memory().allocate(limit + 1))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_MEMORY))
          .hasMessageContainingAll(
              Long.toString(limit + 1), Long.toString(limit), "CL_DEVICE_MAX_MEM_ALLOC_SIZE");
    }
  }

  @Test
  void closed_memory_and_its_parts_never_reach_the_driver() {
    try (OpenDevice device = new OpenDevice();
        Arena arena = Arena.ofShared();
        BackendQueue queue = device.context.openQueue()) {
      DeviceMemory memory = device.context.memory().allocate(8192);
      DeviceMemory part = memory.slice(4096, 64);
      memory.close();
      memory.close();
      for (DeviceMemory closed : List.of(memory, part)) {
        MemorySegment bytes = arena.allocate(closed.bytes());
        assertThatThrownBy(() -> whole(queue, bytes, closed))
            .isInstanceOfSatisfying(
                HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
      }
    }
  }

  @Test
  void a_slice_stays_inside() {
    try (OpenDevice device = new OpenDevice();
        DeviceMemory memory = device.context.memory().allocate(8192)) {
      assertThat(memory.slice(4096, 4096).bytes()).isEqualTo(4096);
      assertThatThrownBy(() -> memory.slice(4096, 4097))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_BOUNDS));
    }
  }
}
