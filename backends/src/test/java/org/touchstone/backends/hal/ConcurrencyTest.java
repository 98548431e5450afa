package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.testing.FakeBackend;
import org.touchstone.backends.testing.FakeQueue.Execution;
import org.touchstone.backends.testing.Session;

@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ConcurrencyTest {
  private static final int THREADS = 8;

  private static <T> List<T> inParallel(Callable<T> work) throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(THREADS);
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<T>> results = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        results.add(
            threads.submit(
                () -> {
                  barrier.await();
                  return work.call();
                }));
      }
      List<T> values = new ArrayList<>();
      for (Future<T> result : results) {
        values.add(result.get());
      }
      return values;
    }
  }

  @ParameterizedTest
  @EnumSource
  void prepares_and_submits_from_many_threads(Execution execution) throws Exception {
    try (Session s = Session.open(HostAccess.DIRECT, execution)) {
      Operator<AddArgs> shared = s.add();
      List<Integer> sums =
          inParallel(
              () -> {
                int wrong = 0;
                for (int round = 0; round < 40; round++) {
                  wrong += oneRound(s.device(), round % 2 == 0 ? shared : s.add(), round);
                }
                return wrong;
              });
      assertThat(sums).hasSize(THREADS).containsOnly(0);
      assertThat(s.backend().launches()).isEqualTo(THREADS * 40);
      assertThat(s.device().memoryUse().buffers()).isZero();
      assertThat(s.device().memoryUse().workspaceBytes()).isZero();
    }
  }

  /** Adds on a queue of its own and returns 1 when the result is wrong. */
  private static int oneRound(Device device, Operator<AddArgs> add, int round) {
    Shape shape = Shape.of(round + 1);
    try (Queue queue = device.openQueue();
        Buffer a = device.allocate(4L * (round + 1));
        Buffer y = device.allocate(4L * (round + 1))) {
      Tensor input = Tensor.of(a, DType.F32, shape);
      Tensor output = Tensor.of(y, DType.F32, shape);
      long[] codes = new long[round + 1];
      java.util.Arrays.fill(codes, Float.floatToIntBits(round));
      HostTensors.writeCodes(input, codes);
      add.submit(queue, new AddArgs(input, input, output)).join();
      return IntStream.range(0, round + 1)
              .allMatch(i -> HostTensors.doubles(output)[i] == 2 * round)
          ? 0
          : 1;
    }
  }

  @Test
  void joins_from_many_threads() throws Exception {
    try (Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED)) {
      Operator<AddArgs> add = s.add();
      AddArgs args = new AddArgs(s.filled(1, 7), s.filled(2, 7), s.tensor(7));
      List<Completion> completions = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        completions.add(add.submit(s.queue(), args));
      }
      List<Integer> joined =
          inParallel(
              () -> {
                for (int i = completions.size() - 1; i >= 0; i -= 7) {
                  completions.get(i).join();
                }
                return 1;
              });
      assertThat(joined).hasSize(THREADS);
      assertThat(completions).allMatch(Completion::isDone);
      assertThat(s.read(args.y())).containsOnly(3);
    }
  }

  @Test
  void probes_once_for_many_threads() throws Exception {
    FakeBackend backend =
        FakeBackend.of("fake", FakeBackend.cpu("fake://0", "fake", HostAccess.DIRECT));
    try (Hal hal = Backends.open(HalOptions.DEFAULT, backend)) {
      List<List<DeviceInfo>> devices = inParallel(hal::devices);
      assertThat(devices).hasSize(THREADS).allMatch(list -> list.size() == 1);
      assertThat(backend.probes()).isOne();
    }
  }

  @Test
  void closing_the_device_meanwhile_breaks_nothing() throws Exception {
    try (Session s = Session.open(HostAccess.DIRECT, Execution.DEFERRED)) {
      Device device = s.hal().device(Session.URI);
      AtomicInteger turns = new AtomicInteger();
      List<String> ends =
          inParallel(
              () -> {
                if (turns.getAndIncrement() == 0) {
                  device.close();
                  return "CLOSED";
                }
                try {
                  while (true) {
                    device.allocate(64).close();
                    device.openQueue().close();
                  }
                } catch (HalException e) {
                  return e.code().name();
                }
              });
      assertThat(ends).hasSize(THREADS).containsOnly("CLOSED");
      assertThat(device.memoryUse().buffers()).isZero();
    }
  }
}
