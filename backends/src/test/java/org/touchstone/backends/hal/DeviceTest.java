package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.MemoryUse;
import org.touchstone.api.Numerics;
import org.touchstone.api.Operator;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.UnsupportedException;
import org.touchstone.api.Verdict;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.testing.FakeBackend;
import org.touchstone.backends.testing.FakeDevice;
import org.touchstone.backends.testing.FakeQueue.Execution;
import org.touchstone.backends.testing.LogRecorder;
import org.touchstone.backends.testing.Session;

class DeviceTest {
  private static final GemmSpec GEMM = GemmSpec.of(GemmOperands.BF16, 5, 6, DType.F32);

  @ParameterizedTest
  @EnumSource
  void counts_what_is_allocated(HostAccess access) {
    try (Session s = Session.open(access);
        Buffer first = s.device().allocate(100)) {
      Buffer second = s.device().allocate(0);
      assertThat(second.bytes()).isZero();
      assertThat(second.device()).contains(s.device());
      assertThat(s.device().memoryUse()).isEqualTo(new MemoryUse(2, 100, 100, 0));
      second.close();
      second.close();
      try (Buffer third = s.device().allocate(28)) {
        assertThat(third.bytes()).isEqualTo(28);
        assertThat(s.device().memoryUse()).isEqualTo(new MemoryUse(2, 128, 128, 0));
      }
      assertThat(first.isClosed()).isFalse();
      assertThat(s.device().memoryUse()).isEqualTo(new MemoryUse(1, 100, 128, 0));
    }
  }

  @ParameterizedTest
  @EnumSource
  void refuses_impossible_sizes(HostAccess access) {
    try (Session s = Session.open(access)) {
      assertFails(ErrorCode.NEGATIVE_SIZE, () -> s.device().allocate(-1));
      assertFails(ErrorCode.NEGATIVE_SIZE, () -> s.device().allocate(Long.MIN_VALUE));
      assertThatThrownBy(() -> s.device().allocate(Long.MAX_VALUE))
          .isInstanceOf(HalException.class)
          .hasMessageContaining("allocating 9223372036854775807 bytes");
      assertThat(s.device().memoryUse().buffers()).isZero();
    }
  }

  @Test
  void hides_memory_that_the_host_cannot_reach() {
    try (Session s = Session.open(HostAccess.COPY)) {
      assertFails(ErrorCode.WRONG_DEVICE, () -> s.buffer(84).host())
          .hasMessageContaining("copy them with Queue.copy");
    }
    try (Session s = Session.open(HostAccess.DIRECT)) {
      assertThat(s.buffer(84).host().byteSize()).isEqualTo(84);
      assertThat(s.buffer(0).host().byteSize()).isZero();
    }
  }

  @Test
  void works_on_host_memory_in_place() {
    try (Session s = Session.open(HostAccess.DIRECT);
        Arena shared = Arena.ofShared();
        Arena confined = Arena.ofConfined()) {
      MemorySegment memory = shared.allocate(84, 64);
      try (Buffer wrapped = s.device().wrap(memory)) {
        assertThat(s.device().memoryUse()).isEqualTo(new MemoryUse(1, 0, 0, 0));
        Tensor y = Tensor.of(wrapped, DType.F32, Shape.of(21));
        Tensor x = s.filled(1.25f, 21);
        s.add().submit(s.queue(), new AddArgs(x, x, y)).join();
        assertThat(memory.get(ValueLayout.JAVA_FLOAT, 80)).isEqualTo(2.5f);
      }
      assertThat(memory.get(ValueLayout.JAVA_FLOAT, 80)).as("the arena owns it").isEqualTo(2.5f);
      assertFails(ErrorCode.UNSUPPORTED, () -> s.device().wrap(confined.allocate(4)))
          .hasMessageContaining("is confined to one thread");
      assertFails(ErrorCode.UNSUPPORTED, () -> s.device().wrap(MemorySegment.ofArray(new byte[4])));
    }
    try (Session s = Session.open(HostAccess.COPY)) {
      assertFails(ErrorCode.UNSUPPORTED, () -> s.device().wrap(Arena.global().allocate(4)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void packs_and_unpacks_bit_by_bit(HostAccess access) {
    try (Session s = Session.open(access)) {
      Tensor plain = s.tensor(2, 3);
      Tensor values = HostTensors.of(s.arena(), DType.F32, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
      s.queue().copy(values, plain).join();
      Tensor packed = s.device().pack(plain, FakeDevice.REVERSED);
      plain.buffer().close();
      assertThat(packed.layout()).isEqualTo(FakeDevice.REVERSED);
      assertThat(packed.shape()).isEqualTo(Shape.of(2, 3));
      Tensor unpacked = s.device().unpack(packed);
      assertThat(s.read(unpacked)).containsExactly(1, 2, 3, 4, 5, 6);

      long before = s.device().memoryUse().buffers();
      assertFails(ErrorCode.LAYOUT, () -> s.device().pack(unpacked, new Layout("other")))
          .hasMessageContaining("layout other is not known");
      assertFails(ErrorCode.LAYOUT, () -> s.device().pack(packed, FakeDevice.REVERSED));
      assertFails(ErrorCode.LAYOUT, () -> s.device().pack(unpacked, Layout.PLAIN));
      assertFails(ErrorCode.LAYOUT, () -> s.device().unpack(unpacked));
      Tensor strided =
          Tensor.of(s.buffer(40), DType.F32, Shape.of(2, 3), Strides.of(4, 1), 0, Layout.PLAIN);
      assertFails(ErrorCode.STRIDES, () -> s.device().pack(strided, FakeDevice.REVERSED));
      assertFails(ErrorCode.WRONG_DEVICE, () -> s.device().pack(values, FakeDevice.REVERSED));
      assertThat(s.device().memoryUse().buffers()).as("no leak").isEqualTo(before + 1);
      unpacked.buffer().close();
      packed.buffer().close();
      assertFails(ErrorCode.CLOSED, () -> s.device().unpack(packed));
    }
  }

  @Test
  void frees_the_packed_buffer_when_packing_fails() {
    try (Session s = Session.open(HostAccess.DIRECT)) {
      Tensor plain = s.tensor(4);
      try (Device device =
          Backends.open(
              s.hal(),
              Session.URI,
              Instruments.NONE.seeding(
                  backend ->
                      new Delegating(backend) {
                        @Override
                        public void pack(Tensor from, Tensor packed) {
                          throw new IllegalStateException("defect");
                        }
                      }))) {
        Buffer buffer = device.allocate(16);
        Tensor own = Tensor.of(buffer, DType.F32, Shape.of(4));
        assertFails(ErrorCode.INTERNAL, () -> device.pack(own, FakeDevice.REVERSED))
            .hasMessageContaining("packing F32[4] as fake.reversed failed");
        assertThat(device.memoryUse().buffers()).isOne();
        buffer.close();
      }
      assertThat(plain.buffer().isClosed()).isFalse();
    }
  }

  @Test
  void reports_buffers_that_were_left_open() {
    try (LogRecorder log = new LogRecorder()) {
      leak(HalOptions.DEFAULT, "leak-count://0");
      assertThat(log.warningsAbout("leak-count://0"))
          .containsExactly(
              "leak-count://0 was closed with 2 buffers (128 bytes) left open; set"
                  + " touchstone.leaks=trace to see where they were allocated");
      leak(HalOptions.DEFAULT.with("leaks", "trace"), "leak-trace://0");
      assertThat(log.warningsAbout("leak-trace://0"))
          .singleElement()
          .asString()
          .contains("closed with 2 buffers (128 bytes) left open", "\n  1 x at ")
          .contains("org.touchstone.backends.hal.DeviceTest.leak(DeviceTest.java:")
          .doesNotContain("HalDevice", "BufferLedger");
      leak(HalOptions.DEFAULT, "leak-none://0", Buffer::close);
      assertThat(log.warningsAbout("leak-none://0")).isEmpty();
    }
    assertFails(
            ErrorCode.CONFIGURATION,
            () -> leak(HalOptions.DEFAULT.with("leaks", "tracee"), "l://0"))
        .hasMessageContaining("expected one of [count, trace]; did you mean 'trace'?");
  }

  private static void leak(HalOptions options, String uri) {
    leak(options, uri, buffer -> {});
  }

  @SuppressWarnings("resource")
  private static void leak(HalOptions options, String uri, Consumer<Buffer> fate) {
    String name = uri.substring(0, uri.indexOf(':'));
    List<Buffer> buffers = new ArrayList<>();
    try (Hal hal =
            Backends.open(
                options, FakeBackend.of(name, FakeBackend.cpu(uri, name, HostAccess.DIRECT)));
        Device device = hal.device(uri)) {
      buffers.add(device.allocate(100));
      buffers.add(device.allocate(28));
      buffers.forEach(fate);
    }
    assertThat(buffers).allMatch(Buffer::isClosed);
  }

  @Test
  void closing_the_hal_closes_its_devices() {
    FakeDevice backend = new FakeDevice(HostAccess.DIRECT, Execution.IMMEDIATE);
    Hal hal = Backends.open(HalOptions.DEFAULT, FakeBackend.of("fake", backend, HostAccess.DIRECT));
    Device device = hal.device(Session.URI);
    hal.close();
    assertThat(backend.closings()).isOne();
    assertFails(ErrorCode.CLOSED, () -> device.allocate(4));
    device.close();
    assertThat(backend.closings()).isOne();
  }

  private static Plan<?> runs(KernelTraits traits) {
    return Plan.runs("k", traits, (queue, args, workspace) -> {});
  }

  private static Session planning(Function<OpSpec<?>, Plan<?>> plan) {
    Session session = Session.open(HostAccess.DIRECT);
    session.backend().planning(plan);
    return session;
  }

  private static ReasonCode refusal(Session session, OpSpec<?> spec) {
    Verdict verdict = session.device().support(spec);
    assertThat(verdict.supported()).isFalse();
    ReasonCode code = ((Verdict.No) verdict).reason().code();
    assertThatThrownBy(() -> session.device().prepare(spec))
        .isInstanceOfSatisfying(
            UnsupportedException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(((Verdict.No) verdict).reason());
              assertThat(e.operator()).contains(spec.op().opName());
              assertThat(e.device()).contains(Session.URI);
            });
    return code;
  }

  @Test
  void applies_the_numerics_of_the_spec_to_every_backend() {
    KernelTraits weak =
        KernelTraits.PLAIN_F32
            .with(Accumulator.F32_PROMOTED_EVERY_128)
            .with(RoundPoints.probabilities(DType.BF16));
    try (Session s = planning(spec -> runs(weak))) {
      assertThat(s.device().support(GEMM).supported()).isTrue();
      assertThat(refusal(s, GEMM.withNumerics(Numerics.STRICT))).isEqualTo(ReasonCode.ACCUMULATOR);
      assertThat(refusal(s, GEMM.withNumerics(new Numerics(weak.accumulator(), DType.F32))))
          .isEqualTo(ReasonCode.ROUND_POINT);
    }
  }

  @Test
  void reports_a_backend_that_is_older_than_an_operator() {
    try (Session s =
        planning(
            spec -> {
              throw new MatchException("no case", null);
            })) {
      assertThat(refusal(s, GEMM)).isEqualTo(ReasonCode.OPERATOR_NEWER_THAN_BACKEND);
    }
  }

  @Test
  void a_kernel_proves_no_more_than_its_device() {
    DeviceInfo software =
        FakeBackend.device(
            "soft://0", "soft", DeviceKind.CPU, Evidence.SOFTWARE, HostAccess.DIRECT, 0, 0);
    try (Hal hal = Backends.open(HalOptions.DEFAULT, FakeBackend.of("soft", software));
        Device device = hal.device("soft://0")) {
      assertThat(device.prepare(Session.ADD).traits().evidence()).isEqualTo(Evidence.SOFTWARE);
      assertThat(device.support(Session.ADD))
          .isEqualTo(
              new Verdict.Yes("fake_add_f32", KernelTraits.PLAIN_F32.with(Evidence.SOFTWARE)));
    }
  }

  @Test
  void says_which_operator_could_not_be_built() {
    Plan<?> fails =
        new Plan.Runs<>(
            "broken_kernel",
            KernelTraits.PLAIN_F32,
            () -> {
              throw new UnsatisfiedLinkError("no symbol clBuildProgram");
            });
    Plan<?> refuses =
        new Plan.Runs<>(
            "late_refusal",
            KernelTraits.PLAIN_F32,
            () -> {
              throw new HalException(ErrorCode.UNSUPPORTED, "K is too large");
            });
    try (Session s = planning(spec -> spec.equals(GEMM) ? fails : refuses)) {
      assertFails(ErrorCode.NATIVE_FAILURE, () -> s.device().prepare(GEMM))
          .hasMessage(
              "gemm_bf16: building kernel broken_kernel failed: UnsatisfiedLinkError: no symbol"
                  + " clBuildProgram (device fake://0) [NATIVE_FAILURE]");
      assertFails(ErrorCode.INTERNAL, () -> s.device().prepare(Session.ADD))
          .hasMessageContaining("said that the spec runs and then refused to build it");
    }
    try (Session s =
        planning(
            spec -> {
              throw new IllegalStateException("defect");
            })) {
      assertFails(ErrorCode.INTERNAL, () -> s.device().support(GEMM))
          .hasMessageContaining("gemm_bf16: planning failed: IllegalStateException: defect");
    }
  }

  @Test
  void closes_kernels_with_the_device_and_when_nobody_can_use_them() throws InterruptedException {
    AtomicInteger closed = new AtomicInteger();
    Kernel<GemmArgs> kernel =
        new Kernel<>() {
          @Override
          public void launch(BackendQueue queue, GemmArgs args, DeviceMemory workspace) {}

          @Override
          public Layout preferredLayout(String slot) {
            return slot.equals("b") ? FakeDevice.REVERSED : Layout.PLAIN;
          }

          @Override
          public void close() {
            closed.incrementAndGet();
          }
        };
    try (Session s = planning(spec -> Plan.runs("closing", KernelTraits.PLAIN_F32, kernel))) {
      Operator<GemmArgs> kept = s.device().prepare(GEMM);
      assertThat(kept.preferredLayout("b")).isEqualTo(FakeDevice.REVERSED);
      assertThat(kept.preferredLayout("a")).isEqualTo(Layout.PLAIN);
      assertThatThrownBy(() -> kept.preferredLayout("nothing"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("gemm_bf16 has no slot 'nothing'");
      for (int i = 0; i < 200 && closed.get() == 0; i++) {
        s.device().prepare(GEMM);
        System.gc();
        Thread.sleep(5);
      }
      assertThat(closed).as("unreachable operators release their kernels").hasPositiveValue();
      assertThat(kept.spec()).isEqualTo(GEMM);
      int before = closed.get();
      s.device().close();
      assertThat(closed.get()).isGreaterThan(before);
    }
  }
}
