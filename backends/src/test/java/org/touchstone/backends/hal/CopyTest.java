package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Layout;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.testing.FakeDevice;
import org.touchstone.backends.testing.FakeQueue.Execution;
import org.touchstone.backends.testing.Session;

class CopyTest {
  private static final DType[] TYPES = {
    DType.F32, DType.BF16, DType.E4M3FN, DType.I64, DType.BOOL, DType.E2M1
  };

  /** Where the two ends of a copy are. */
  enum Route {
    HOST_TO_DEVICE,
    DEVICE_TO_HOST,
    DEVICE_TO_DEVICE,
    HOST_TO_HOST
  }

  static Stream<Arguments> routes() {
    return Stream.of(HostAccess.values())
        .flatMap(
            access ->
                Stream.of(Execution.values())
                    .flatMap(
                        execution ->
                            Stream.of(Route.values())
                                .map(route -> Arguments.of(access, execution, route))));
  }

  /** A tensor with random gaps, a random order of its dimensions in memory and a random offset. */
  private static Strides randomStrides(Random random, DType dtype, long[] dims) {
    boolean packedBits = dtype.bits() < 8;
    int rank = dims.length;
    List<Integer> order = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    if (random.nextInt(3) > 0) {
      Collections.reverse(order);
    } else {
      Collections.shuffle(order, random);
    }
    if (packedBits && rank > 0) {
      order.remove(Integer.valueOf(rank - 1));
      order.addFirst(rank - 1);
    }
    long[] steps = new long[rank];
    long step = packedBits || random.nextInt(3) > 0 ? 1 : 1 + random.nextInt(3);
    for (int dim : order) {
      steps[dim] = step;
      step *= Math.max(1, dims[dim]);
      step += random.nextInt(4) == 0 ? random.nextInt(5) : 0;
      step += packedBits ? step & 1 : 0;
    }
    return Strides.of(steps);
  }

  private static long bytesNeeded(DType dtype, long[] dims, Strides strides) {
    long last = 0;
    for (int i = 0; i < dims.length; i++) {
      last += Math.max(0, dims[i] - 1) * strides.step(i);
    }
    return dtype.bytesFor(last + 2);
  }

  @ParameterizedTest
  @MethodSource("routes")
  void copies_any_strides_in_every_direction(HostAccess access, Execution execution, Route route) {
    long seed = 20_261_123L + route.name().hashCode();
    Random random = new Random(seed);
    try (Session s = Session.open(access, execution)) {
      for (int round = 0; round < 150; round++) {
        DType dtype = TYPES[random.nextInt(TYPES.length)];
        long[] dims = new long[random.nextInt(5)];
        Arrays.setAll(dims, i -> random.nextInt(12) == 0 ? 0 : 1 + random.nextInt(6));
        String where = "seed " + seed + " round " + round + " " + dtype + Arrays.toString(dims);
        Strides srcStrides = randomStrides(random, dtype, dims);
        Strides dstStrides = randomStrides(random, dtype, dims);
        Tensor src = host(s.arena(), dtype, dims, srcStrides);
        Tensor dst = host(s.arena(), dtype, dims, dstStrides);
        long[] codes = random.longs(src.shape().elements(), 0, 2).toArray();
        HostTensors.writeCodes(src, codes);
        run(s, route, src, dst);
        assertThat(HostTensors.codes(dst)).as(where).isEqualTo(codes);
        assertThat(gapBytes(dst)).as(where + ": bytes between elements").containsOnly(0);
      }
    }
  }

  /** Returns the bytes that belong to no element, and one 0. */
  private static byte[] gapBytes(Tensor tensor) {
    Buffer mask = Buffer.ofHost(Arena.ofAuto().allocate(tensor.buffer().bytes(), 64));
    Tensor marked =
        Tensor.of(
            mask,
            tensor.dtype(),
            tensor.shape(),
            tensor.strides(),
            tensor.byteOffset(),
            Layout.PLAIN);
    long[] ones = new long[Math.toIntExact(tensor.shape().elements())];
    Arrays.fill(ones, -1);
    HostTensors.writeCodes(marked, ones);
    byte[] marks = mask.host().toArray(ValueLayout.JAVA_BYTE);
    byte[] bytes = tensor.buffer().host().toArray(ValueLayout.JAVA_BYTE);
    byte[] gaps = new byte[bytes.length + 1];
    for (int i = 0; i < bytes.length; i++) {
      gaps[i] = marks[i] == 0 ? bytes[i] : 0;
    }
    return gaps;
  }

  private static Tensor host(Arena arena, DType dtype, long[] dims, Strides strides) {
    MemorySegment memory = arena.allocate(bytesNeeded(dtype, dims, strides) + 16, 64);
    return Tensor.of(Buffer.ofHost(memory), dtype, Shape.of(dims), strides, 8, Layout.PLAIN);
  }

  private static void run(Session s, Route route, Tensor src, Tensor dst) {
    Queue queue = s.queue();
    switch (route) {
      case HOST_TO_HOST -> queue.copy(src, dst).join();
      case HOST_TO_DEVICE -> {
        Tensor onDevice = twin(s, dst);
        queue.copy(src, onDevice);
        queue.copy(bytes(onDevice), bytes(dst)).join();
      }
      case DEVICE_TO_HOST -> {
        Tensor onDevice = twin(s, src);
        queue.copy(bytes(src), bytes(onDevice));
        queue.copy(onDevice, dst).join();
      }
      case DEVICE_TO_DEVICE -> {
        Tensor from = twin(s, src);
        Tensor to = twin(s, dst);
        queue.copy(bytes(src), bytes(from));
        queue.copy(from, to);
        queue.copy(bytes(to), bytes(dst)).join();
      }
    }
  }

  /** Returns the same view of memory on the device. */
  private static Tensor twin(Session s, Tensor tensor) {
    return Tensor.of(
        s.buffer(tensor.buffer().bytes()),
        tensor.dtype(),
        tensor.shape(),
        tensor.strides(),
        tensor.byteOffset(),
        Layout.PLAIN);
  }

  /** Returns a buffer as bytes, gaps included. */
  private static Tensor bytes(Tensor tensor) {
    return Tensor.of(tensor.buffer(), DType.U8, Shape.of(tensor.buffer().bytes()));
  }

  @ParameterizedTest
  @EnumSource
  void merges_dimensions_into_few_blocks(HostAccess access) {
    try (Session s = Session.open(access)) {
      Tensor dense = s.tensor(4, 6, 8);
      assertThat(blocks(s, s.host(1, 4, 6, 8), dense)).isOne();
      Tensor wide = s.tensor(4, 6, 16).slice(2, 3, 11);
      assertThat(blocks(s, dense, wide)).isOne();
      Tensor rows = s.tensor(4, 12, 8).slice(1, 2, 8);
      assertThat(blocks(s, dense, rows)).isOne();
      Tensor both = s.tensor(4, 12, 16).slice(1, 2, 8).slice(2, 0, 8);
      assertThat(blocks(s, dense, both)).isEqualTo(4);
      Tensor broadcast =
          Tensor.of(
              s.buffer(32), DType.F32, Shape.of(4, 6, 8), Strides.of(0, 0, 1), 0, Layout.PLAIN);
      assertThat(blocks(s, broadcast, dense)).as("rows of a driver may not overlap").isEqualTo(24);
    }
  }

  private static long blocks(Session s, Tensor src, Tensor dst) {
    long before = s.backend().queues().getFirst().copies();
    s.queue().copy(src, dst).join();
    return s.backend().queues().getFirst().copies() - before;
  }

  @ParameterizedTest
  @MethodSource("routes")
  void copies_nothing_when_there_is_nothing(HostAccess access, Execution execution, Route route) {
    try (Session s = Session.open(access, execution)) {
      Tensor src = s.host(1, 3, 0, 7);
      Tensor dst = s.host(1, 3, 0, 7);
      run(s, route, src, dst);
      Tensor empty = Tensor.of(s.buffer(0), DType.F32, Shape.of(0));
      Receipt receipt = s.queue().copy(empty, s.host(1, 0)).receipt();
      assertThat(receipt.operator()).isEqualTo("copy");
      assertThat(receipt.device()).isEqualTo(Session.URI);
    }
  }

  @ParameterizedTest
  @EnumSource
  void copies_on_the_host_in_order(HostAccess access) {
    try (Session s = Session.open(access, Execution.DEFERRED)) {
      Tensor between = s.host(0, 300);
      Tensor result = s.host(0, 300);
      Tensor onDevice = s.tensor(300);
      s.queue().copy(s.host(2.5f, 300), onDevice);
      s.queue().copy(onDevice, between);
      s.queue().copy(between, result).join();
      assertThat(HostTensors.doubles(result)).containsOnly(2.5);
    }
  }

  @ParameterizedTest
  @EnumSource
  void copies_packed_tensors_as_bytes(HostAccess access) {
    try (Session s = Session.open(access)) {
      Tensor plain = s.tensor(4);
      Tensor values = HostTensors.of(s.arena(), DType.F32, Shape.of(4), 1, 2, 3, 4);
      s.queue().copy(values, plain).join();
      Tensor packed = s.device().pack(plain, FakeDevice.REVERSED);
      Tensor target =
          Tensor.packed(s.buffer(16), DType.F32, Shape.of(4), 0, FakeDevice.REVERSED, 16);
      s.queue().copy(packed, target).join();
      Tensor unpacked = s.device().unpack(target);
      assertThat(s.read(unpacked)).containsExactly(1, 2, 3, 4);
      assertFails(ErrorCode.LAYOUT, () -> s.queue().copy(packed, plain));
      Tensor padded =
          Tensor.packed(s.buffer(32), DType.F32, Shape.of(4), 0, FakeDevice.REVERSED, 32);
      assertFails(ErrorCode.LAYOUT, () -> s.queue().copy(packed, padded));
      packed.buffer().close();
      unpacked.buffer().close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void converts_nothing(HostAccess access) {
    try (Session s = Session.open(access)) {
      Tensor a = s.tensor(3, 4);
      assertFails(ErrorCode.DTYPE, () -> s.queue().copy(a, s.tensor(DType.I32, 3, 4)))
          .hasMessageContaining("src and dst differ in dtype: F32[3, 4] and I32[3, 4]");
      assertFails(ErrorCode.SHAPE, () -> s.queue().copy(a, s.tensor(4, 3)));
      assertFails(ErrorCode.SHAPE, () -> s.queue().copy(a, s.tensor(12)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_ends_that_overlap(HostAccess access) {
    try (Session s = Session.open(access)) {
      Buffer buffer = s.buffer(100);
      Tensor src = Tensor.of(buffer, DType.F32, Shape.of(10));
      assertFails(
          ErrorCode.OVERLAP,
          () -> s.queue().copy(src, Tensor.of(buffer, DType.F32, Shape.of(10), 36)));
      s.queue().copy(src, Tensor.of(buffer, DType.F32, Shape.of(10), 40)).join();
      MemorySegment memory = s.arena().allocate(80, 64);
      Tensor host = Session.onHost(memory, DType.F32, 10);
      assertFails(
          ErrorCode.OVERLAP,
          () -> s.queue().copy(host, Session.onHost(memory.asSlice(36), DType.F32, 10)));
      Tensor repeated =
          Tensor.of(buffer, DType.F32, Shape.of(3, 2), Strides.of(0, 1), 0, Layout.PLAIN);
      assertFails(ErrorCode.OVERLAP, () -> s.queue().copy(s.tensor(3, 2), repeated))
          .hasMessageContaining("the strides of dst let elements share memory");
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_foreign_heap_and_read_only_memory(HostAccess access) {
    try (Session s = Session.open(access);
        Device twin = s.hal().device(Session.URI);
        Buffer foreign = twin.allocate(40)) {
      Tensor mine = s.tensor(10);
      assertFails(
          ErrorCode.WRONG_DEVICE,
          () -> s.queue().copy(Tensor.of(foreign, DType.F32, Shape.of(10)), mine));
      MemorySegment heap = MemorySegment.ofArray(new byte[40]);
      assertFails(
              ErrorCode.UNSUPPORTED,
              () -> s.queue().copy(Session.onHost(heap, DType.F32, 10), mine))
          .hasMessageContaining("is a Java array, expected native memory");
      MemorySegment frozen = s.arena().allocate(40).asReadOnly();
      s.queue().copy(Session.onHost(frozen, DType.F32, 10), mine).join();
      assertFails(
          ErrorCode.READ_ONLY, () -> s.queue().copy(mine, Session.onHost(frozen, DType.F32, 10)));
      Buffer host = Buffer.ofHost(s.arena().allocate(40));
      host.close();
      Tensor closed = Tensor.of(host, DType.F32, Shape.of(10));
      assertFails(ErrorCode.CLOSED, () -> s.queue().copy(closed, mine));
      Arena ended = Arena.ofShared();
      Tensor dead = Session.onHost(ended.allocate(40), DType.F32, 10);
      ended.close();
      assertFails(ErrorCode.CLOSED, () -> s.queue().copy(mine, dead));
    }
  }
}
