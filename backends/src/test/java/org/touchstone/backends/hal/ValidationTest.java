package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.MoeAlignBlockSizeArgs;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.testing.Session;

/** Every mistake is refused before the backend sees it, with the same code on every device. */
class ValidationTest {
  private static final AtomicInteger NO_LAUNCHES = new AtomicInteger();

  /** Prepares any spec with a kernel that counts its launches. */
  private static <A extends Args> Operator<A> prepare(
      Session session, OpSpec<A> spec, AtomicInteger launches) {
    session
        .backend()
        .planning(
            any ->
                Plan.runs(
                    "counting",
                    KernelTraits.PLAIN_F32,
                    (queue, args, workspace) -> launches.incrementAndGet()));
    return session.device().prepare(spec);
  }

  private static <A extends Args> void assertRefused(
      ErrorCode code, String message, Session session, OpSpec<A> spec, A args) {
    AtomicInteger launches = new AtomicInteger();
    Operator<A> operator = prepare(session, spec, launches);
    assertFails(code, () -> operator.submit(session.queue(), args))
        .isInstanceOfSatisfying(
            HalException.class,
            e -> {
              assertThat(e.operator()).contains(spec.op().opName());
              assertThat(e.device()).contains(Session.URI);
            })
        .hasMessageContaining(message);
    assertThat(launches).hasValue(0);
    session.queue().finish();
  }

  @ParameterizedTest
  @EnumSource
  void refuses_wrong_shapes_ranks_and_types(HostAccess access) {
    try (Session s = Session.open(access)) {
      Tensor a = s.tensor(3, 7);
      Tensor y = s.tensor(3, 7);
      assertRefused(
          ErrorCode.SHAPE,
          "b has shape [7, 3], expected [3, 7] like a",
          s,
          Session.ADD,
          new AddArgs(a, s.tensor(7, 3), y));
      assertRefused(
          ErrorCode.SHAPE,
          "b has shape [21], expected [3, 7] like a",
          s,
          Session.ADD,
          new AddArgs(a, s.tensor(21), y));
      assertRefused(
          ErrorCode.DTYPE,
          "b has dtype BF16, expected F32; y has dtype F16, expected F32",
          s,
          Session.ADD,
          new AddArgs(a, s.tensor(DType.BF16, 3, 7), s.tensor(DType.F16, 3, 7)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_missing_and_unexpected_tensors(HostAccess access) {
    GemmSpec plain = GemmSpec.of(GemmOperands.BF16, 5, 6, DType.F32);
    GemmSpec scaled = GemmSpec.of(GemmOperands.FP8_TENSOR, 5, 6, DType.F32);
    try (Session s = Session.open(access)) {
      Tensor c = s.tensor(4, 5);
      Tensor scale = s.tensor(1);
      assertRefused(
          ErrorCode.MISSING_TENSOR,
          "scaleA must be null: the spec switches it off",
          s,
          plain,
          new GemmArgs(
              s.tensor(DType.BF16, 4, 6), s.tensor(DType.BF16, 5, 6), scale, null, null, c));
      assertRefused(
          ErrorCode.MISSING_TENSOR,
          "scaleB is required, got null",
          s,
          scaled,
          new GemmArgs(
              s.tensor(DType.E4M3FN, 4, 6), s.tensor(DType.E4M3FN, 5, 6), scale, null, null, c));
      assertRefused(
          ErrorCode.LAYOUT,
          "b has layout plain, expected x.packed",
          s,
          plain.withWeightLayout(new Layout("x.packed")),
          GemmArgs.of(s.tensor(DType.BF16, 4, 6), s.tensor(DType.BF16, 5, 6), c));
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_illegal_strides(HostAccess access) {
    try (Session s = Session.open(access)) {
      Buffer buffer = s.buffer(4 * 64);
      Tensor dense = s.tensor(3, 4);
      Tensor transposed =
          Tensor.of(buffer, DType.F32, Shape.of(3, 4), Strides.of(1, 3), 0, Layout.PLAIN);
      Tensor repeated =
          Tensor.of(buffer, DType.F32, Shape.of(3, 4), Strides.of(0, 1), 0, Layout.PLAIN);
      assertRefused(
          ErrorCode.STRIDES,
          "a must have unit stride in its last dimension",
          s,
          Session.ADD,
          new AddArgs(transposed, dense, s.tensor(3, 4)));
      assertRefused(
          ErrorCode.OVERLAP,
          "y is written, but its strides let elements share memory",
          s,
          Session.ADD,
          new AddArgs(dense, dense, repeated));
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_outputs_that_share_bytes_with_inputs(HostAccess access) {
    try (Session s = Session.open(access)) {
      Buffer buffer = s.buffer(400);
      Tensor a = Tensor.of(buffer, DType.F32, Shape.of(10), 0);
      Tensor shifted = Tensor.of(buffer, DType.F32, Shape.of(10), 36);
      Tensor behind = Tensor.of(buffer, DType.F32, Shape.of(10), 40);
      Tensor b = s.tensor(10);
      assertRefused(
          ErrorCode.OVERLAP,
          "y is written and shares bytes with a",
          s,
          Session.ADD,
          new AddArgs(a, b, shifted));
      Operator<AddArgs> add = prepare(s, Session.ADD, NO_LAUNCHES);
      add.submit(s.queue(), new AddArgs(a, b, behind)).join();
      add.submit(s.queue(), new AddArgs(a, b, a)).join();
    }
  }

  @Test
  void sees_that_two_buffers_wrap_the_same_memory() {
    try (Session s = Session.open(HostAccess.DIRECT);
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(400, 64);
      try (Buffer first = s.device().wrap(memory);
          Buffer second = s.device().wrap(memory.asSlice(40))) {
        Tensor a = Tensor.of(first, DType.F32, Shape.of(11));
        Tensor y = Tensor.of(second, DType.F32, Shape.of(11));
        assertRefused(
            ErrorCode.OVERLAP,
            "y is written and shares bytes with a through another buffer",
            s,
            Session.ADD,
            new AddArgs(a, s.tensor(11), y));
        Tensor shorter = Tensor.of(first, DType.F32, Shape.of(10));
        Tensor behind = Tensor.of(second, DType.F32, Shape.of(10));
        prepare(s, Session.ADD, NO_LAUNCHES)
            .submit(s.queue(), new AddArgs(shorter, shorter, behind))
            .join();
      }
    }
  }

  @Test
  void refuses_misaligned_and_read_only_host_memory() {
    try (Session s = Session.open(HostAccess.DIRECT);
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(400, 64);
      try (Buffer odd = s.device().wrap(memory.asSlice(2, 80));
          Buffer frozen = s.device().wrap(memory.asSlice(128, 80).asReadOnly())) {
        Tensor misaligned = Tensor.of(odd, DType.F32, Shape.of(10));
        Tensor aligned = Tensor.of(odd, DType.BF16, Shape.of(10));
        Tensor constant = Tensor.of(frozen, DType.F32, Shape.of(10));
        assertRefused(
            ErrorCode.MISALIGNED,
            "a F32[10] starts at an address that is no multiple of 4",
            s,
            Session.ADD,
            new AddArgs(misaligned, s.tensor(10), s.tensor(10)));
        assertRefused(
            ErrorCode.READ_ONLY,
            "y F32[10] is written, but its memory is read-only",
            s,
            Session.ADD,
            new AddArgs(s.tensor(10), s.tensor(10), constant));
        Operator<AddArgs> add = prepare(s, Session.ADD, NO_LAUNCHES);
        add.submit(s.queue(), new AddArgs(constant, constant, s.tensor(10))).join();
        prepare(s, new AddSpec(DType.BF16, DType.BF16, DType.F32), NO_LAUNCHES)
            .submit(s.queue(), new AddArgs(aligned, aligned, s.tensor(10)))
            .join();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_memory_of_another_device(HostAccess access) {
    try (Session s = Session.open(access);
        Session other = Session.open(access);
        Device twin = s.hal().device(Session.URI);
        Buffer onTwin = twin.allocate(40)) {
      Tensor mine = s.tensor(10);
      assertRefused(
          ErrorCode.WRONG_DEVICE,
          "a F32[10] is in memory of another opening of the same device",
          s,
          Session.ADD,
          new AddArgs(other.tensor(10), mine, s.tensor(10)));
      assertRefused(
          ErrorCode.WRONG_DEVICE,
          "y F32[10] is in memory of another opening",
          s,
          Session.ADD,
          new AddArgs(mine, mine, Tensor.of(onTwin, DType.F32, Shape.of(10))));
      assertRefused(
          ErrorCode.WRONG_DEVICE,
          "b F32[10] is in memory of the host",
          s,
          Session.ADD,
          new AddArgs(mine, s.host(1, 10), s.tensor(10)));
      Operator<AddArgs> add = prepare(s, Session.ADD, NO_LAUNCHES);
      AddArgs args = new AddArgs(mine, mine, s.tensor(10));
      assertFails(ErrorCode.WRONG_DEVICE, () -> add.submit(other.queue(), args))
          .hasMessageContaining("open a queue on the operator's device");
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_what_is_closed(HostAccess access) {
    try (Session s = Session.open(access)) {
      Operator<AddArgs> add = s.add();
      Tensor a = s.tensor(10);
      Tensor closed = s.tensor(10);
      closed.buffer().close();
      closed.buffer().close();
      assertThat(closed.buffer().isClosed()).isTrue();
      assertFails(
              ErrorCode.CLOSED, () -> add.submit(s.queue(), new AddArgs(a, closed, s.tensor(10))))
          .hasMessageContaining("add: b F32[10] lies in a closed buffer");
      assertFails(ErrorCode.CLOSED, () -> s.queue().copy(a, closed));
      assertFails(ErrorCode.CLOSED, () -> closed.buffer().host());

      Queue queue = s.device().openQueue();
      queue.close();
      queue.close();
      AddArgs args = new AddArgs(a, a, s.tensor(10));
      assertFails(ErrorCode.CLOSED, () -> add.submit(queue, args))
          .hasMessageContaining("the queue is closed");
      assertFails(ErrorCode.CLOSED, () -> queue.copy(a, args.y()));
      assertFails(ErrorCode.CLOSED, queue::finish);

      Queue open = s.device().openQueue();
      s.device().close();
      s.device().close();
      assertFails(ErrorCode.CLOSED, () -> add.submit(open, args))
          .hasMessageContaining("the device is closed");
      assertFails(ErrorCode.CLOSED, () -> open.copy(a, args.y()));
      assertFails(ErrorCode.CLOSED, () -> s.device().allocate(4));
      assertFails(ErrorCode.CLOSED, () -> s.device().openQueue());
      assertFails(ErrorCode.CLOSED, () -> s.device().prepare(Session.ADD));
      assertFails(ErrorCode.CLOSED, () -> s.device().support(Session.ADD));
      assertThat(a.buffer().isClosed()).isTrue();
      assertThat(s.backend().closings()).isOne();
    }
  }

  @ParameterizedTest
  @EnumSource
  void checks_what_shapes_alone_do_not_say(HostAccess access) {
    MoeAlignBlockSizeSpec spec = new MoeAlignBlockSizeSpec(4, 2, 16);
    try (Session s = Session.open(access)) {
      assertRefused(
          ErrorCode.INVALID_SPEC,
          "blockExperts has 4 entries, expected at least 5",
          s,
          spec,
          new MoeAlignBlockSizeArgs(
              s.tensor(DType.I32, 3, 2),
              s.tensor(DType.I32, 66),
              s.tensor(DType.I32, 4),
              s.tensor(DType.I32, 1)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void skips_the_kernel_only_when_every_output_is_empty(HostAccess access) {
    try (Session s = Session.open(access)) {
      AtomicInteger launches = new AtomicInteger();
      Operator<AddArgs> add = prepare(s, Session.ADD, launches);
      Tensor empty = s.tensor(0, 7);
      assertThat(
              add.submit(s.queue(), new AddArgs(empty, s.tensor(0, 7), s.tensor(0, 7))).receipt())
          .satisfies(
              receipt -> {
                assertThat(receipt.kernel()).isEqualTo("counting");
                assertThat(receipt.notes()).singleElement().asString().contains("not called");
              });
      assertThat(launches).hasValue(0);

      KvCacheWriteSpec write =
          new KvCacheWriteSpec(KvCacheWriteSpec.Kind.LATENT, DType.F32, DType.F32, 1, 4, 2, 16);
      KvCacheWriteArgs noTokens =
          new KvCacheWriteArgs(
              s.tensor(0, 1, 4),
              s.tensor(0, 1, 2),
              s.tensor(DType.I64, 0),
              s.tensor(3, 16, 6),
              null);
      Operator<KvCacheWriteArgs> cache = prepare(s, write, launches);
      assertThat(cache.submit(s.queue(), noTokens).receipt().notes()).isEmpty();
      assertThat(launches).as("the cache is not empty although no token is").hasValue(1);
    }
  }
}
