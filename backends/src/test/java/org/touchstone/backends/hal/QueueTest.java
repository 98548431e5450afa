package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.FallbackPolicy;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Selection;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.backends.Backends;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.testing.FakeBackend;
import org.touchstone.backends.testing.FakeQueue;
import org.touchstone.backends.testing.FakeQueue.Execution;
import org.touchstone.backends.testing.LogRecorder;
import org.touchstone.backends.testing.Session;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class QueueTest {
  /** Prepares an addition whose kernel does something else. */
  private static Operator<AddArgs> prepare(Session session, Runnable work) {
    Kernel<AddArgs> kernel = (queue, args, workspace) -> ((FakeQueue) queue).enqueue(work);
    session.backend().planning(spec -> Plan.runs("scripted", KernelTraits.PLAIN_F32, kernel));
    return session.device().prepare(Session.ADD);
  }

  private static AddArgs args(Session session) {
    return new AddArgs(session.tensor(7), session.tensor(7), session.tensor(7));
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static RuntimeException failing(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) failure;
  }

  @ParameterizedTest
  @EnumSource
  void runs_submissions_in_order(Execution execution) {
    try (Session s = Session.open(HostAccess.DIRECT, execution)) {
      List<Integer> order = Collections.synchronizedList(new ArrayList<>());
      AddArgs args = args(s);
      List<Completion> completions = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        int number = i;
        completions.add(prepare(s, () -> order.add(number)).submit(s.queue(), args));
      }
      completions.get(30).join();
      assertThat(order).hasSizeGreaterThanOrEqualTo(31).isSorted();
      assertThat(completions.subList(0, 31)).allMatch(Completion::isDone);
      s.queue().finish();
      assertThat(order).hasSize(50).isSorted();
    }
  }

  @Test
  void tells_whether_a_submission_has_ended() {
    try (Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED)) {
      CountDownLatch go = new CountDownLatch(1);
      Completion completion = prepare(s, () -> await(go)).submit(s.queue(), args(s));
      assertThat(completion.isDone()).isFalse();
      go.countDown();
      completion.join();
      completion.join();
      assertThat(completion.isDone()).isTrue();
      Receipt receipt = completion.receipt();
      assertThat(receipt.kernel()).isEqualTo("scripted");
      assertThat(receipt.deviceTime()).isEqualTo(Optional.of(Duration.ofNanos(42)));
    }
  }

  @Test
  void orders_two_queues_of_one_device() {
    try (Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED);
        Queue second = s.device().openQueue()) {
      CountDownLatch go = new CountDownLatch(1);
      List<String> order = Collections.synchronizedList(new ArrayList<>());
      Completion slow =
          prepare(
                  s,
                  () -> {
                    await(go);
                    order.add("first");
                  })
              .submit(s.queue(), args(s));
      second.await(slow);
      Completion after = prepare(s, () -> order.add("second")).submit(second, args(s));
      assertThat(after.isDone()).isFalse();
      go.countDown();
      after.join();
      assertThat(order).containsExactly("first", "second");
      second.await(after);
      s.queue().await(after);
      assertThat(slow.isDone()).isTrue();
    }
  }

  @Test
  void orders_queues_of_two_devices() {
    try (Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED);
        Session other = Session.open(HostAccess.COPY, Execution.DEFERRED)) {
      List<String> order = Collections.synchronizedList(new ArrayList<>());
      Completion first = prepare(s, () -> order.add("first")).submit(s.queue(), args(s));
      other.queue().await(first);
      assertThat(order).containsExactly("first");
      prepare(other, () -> order.add("second")).submit(other.queue(), args(other)).join();
      assertThat(order).containsExactly("first", "second");
    }
  }

  static Stream<Arguments> failures() {
    return Stream.of(Execution.values())
        .flatMap(
            execution ->
                Stream.of(
                    Arguments.of(
                        execution,
                        new HalException(ErrorCode.DEVICE_LOST, "the driver resets"),
                        ErrorCode.DEVICE_LOST),
                    Arguments.of(
                        execution, new UnsatisfiedLinkError("symbol"), ErrorCode.NATIVE_FAILURE),
                    Arguments.of(
                        execution, new IllegalStateException("defect"), ErrorCode.INTERNAL),
                    Arguments.of(
                        execution, new OutOfMemoryError("direct"), ErrorCode.OUT_OF_MEMORY),
                    Arguments.of(
                        execution,
                        new org.opentest4j.TestAbortedException("of a library"),
                        ErrorCode.NATIVE_FAILURE)));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void a_failure_poisons_the_queue(Execution execution, Throwable failure, ErrorCode code) {
    try (Session s = Session.open(HostAccess.DIRECT, execution)) {
      AddArgs args = args(s);
      Operator<AddArgs> good = prepare(s, () -> {});
      Operator<AddArgs> bad =
          prepare(
              s,
              () -> {
                throw failing(failure);
              });
      Completion before = good.submit(s.queue(), args);
      Completion broken = bad.submit(s.queue(), args);
      before.join();
      assertFails(code, broken::join)
          .isInstanceOfSatisfying(
              HalException.class,
              e -> {
                assertThat(e.operator()).contains("add");
                assertThat(e.device()).contains(Session.URI);
              });
      assertFails(code, broken::join);
      assertFails(code, broken::receipt);
      assertThat(broken.isDone()).isTrue();
      assertFails(ErrorCode.QUEUE_POISONED, () -> good.submit(s.queue(), args))
          .hasMessageContaining("an earlier submission of the queue failed: add: ")
          .cause()
          .isInstanceOfSatisfying(HalException.class, e -> assertThat(e.code()).isEqualTo(code));
      assertFails(ErrorCode.QUEUE_POISONED, () -> s.queue().copy(args.a(), args.b()));
      assertFails(code, () -> s.queue().finish());
      try (Queue fresh = s.device().openQueue()) {
        good.submit(fresh, args).join();
      }
    }
  }

  @Test
  void finds_the_first_failure_although_nobody_joined_it() {
    try (Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED)) {
      CountDownLatch go = new CountDownLatch(1);
      AddArgs args = args(s);
      prepare(s, () -> await(go)).submit(s.queue(), args);
      prepare(
              s,
              () -> {
                throw new IllegalStateException("first");
              })
          .submit(s.queue(), args);
      Completion second =
          prepare(
                  s,
                  () -> {
                    throw new IllegalStateException("second");
                  })
              .submit(s.queue(), args);
      Completion third = prepare(s, () -> {}).submit(s.queue(), args);
      go.countDown();
      assertFails(ErrorCode.QUEUE_POISONED, third::join).hasMessageContaining("first");
      assertFails(ErrorCode.QUEUE_POISONED, second::join).hasMessageContaining("first");
      assertFails(ErrorCode.INTERNAL, () -> s.queue().finish()).hasMessageContaining("first");
    }
  }

  @Test
  void a_failure_reaches_the_queues_that_wait_for_it() {
    try (Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED);
        Queue second = s.device().openQueue();
        Queue third = s.device().openQueue()) {
      CountDownLatch go = new CountDownLatch(1);
      AddArgs args = args(s);
      Completion broken =
          prepare(
                  s,
                  () -> {
                    await(go);
                    throw new IllegalStateException("upstream");
                  })
              .submit(s.queue(), args);
      second.await(broken);
      Completion dependent = prepare(s, () -> {}).submit(second, args);
      go.countDown();
      assertFails(ErrorCode.QUEUE_POISONED, dependent::join).hasMessageContaining("upstream");
      assertFails(ErrorCode.INTERNAL, () -> third.await(broken)).hasMessageContaining("upstream");
      prepare(s, () -> {}).submit(third, args).join();
    }
  }

  @Test
  void closing_waits_and_tells_a_failure_that_nobody_saw() {
    try (LogRecorder log = new LogRecorder();
        Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED)) {
      List<String> order = Collections.synchronizedList(new ArrayList<>());
      AddArgs args = args(s);
      Queue queue = s.device().openQueue();
      Completion last = prepare(s, () -> order.add("done")).submit(queue, args);
      queue.close();
      assertThat(order).containsExactly("done");
      last.join();

      Queue failing = s.device().openQueue();
      prepare(
              s,
              () -> {
                throw new IllegalStateException("unseen defect");
              })
          .submit(failing, args);
      failing.close();
      assertThat(log.warningsAbout("unseen defect"))
          .singleElement()
          .asString()
          .startsWith("a queue was closed whose failure nobody asked for: add: ");
    }
  }

  @Test
  void a_fallback_is_marked_in_every_receipt_and_warned_about() {
    FakeBackend backend = FakeBackend.of("fb", FakeBackend.cpu("fb://0", "fb", HostAccess.DIRECT));
    Selection wish = Selection.any().on("cuda://77");
    try (LogRecorder log = new LogRecorder();
        Hal hal = Backends.open(HalOptions.DEFAULT, backend)) {
      for (FallbackPolicy policy : List.of(FallbackPolicy.ALLOW, FallbackPolicy.WARN)) {
        try (Device device = hal.select(wish.fallback(policy));
            Queue queue = device.openQueue();
            Buffer buffer = device.allocate(24)) {
          Shape shape = Shape.of(2);
          AddArgs args =
              new AddArgs(
                  Tensor.of(buffer, DType.F32, shape, 0),
                  Tensor.of(buffer, DType.F32, shape, 8),
                  Tensor.of(buffer, DType.F32, shape, 16));
          Receipt launch = device.prepare(Session.ADD).submit(queue, args).receipt();
          Receipt copy = queue.copy(args.a(), args.y()).receipt();
          assertThat(launch.notes()).isEqualTo(copy.notes());
          assertThat(launch.notes())
              .singleElement()
              .asString()
              .startsWith(
                  "fallback: the selection demands cuda://77, which cannot serve: NO_DEVICE")
              .endsWith("; fb://0 runs instead");
        }
        assertThat(log.warningsAbout("cuda://77")).hasSize(policy == FallbackPolicy.WARN ? 1 : 0);
      }
    }
  }
}
