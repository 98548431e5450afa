package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.cpu.micro.NativeLibrary;

class CpuThreadsTest {
  private static final long WORTH_SHARING = 1L << 20;
  private static final Path STATUS = Path.of("/proc/thread-self/status");

  /** Counts the threads that are inside. */
  private static final class Turnstile {
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    void pass() {
      most.accumulateAndGet(inside.incrementAndGet(), Math::max);
      // Long enough that threads meet when nothing keeps them apart.
      LockSupport.parkNanos(50_000);
      inside.decrementAndGet();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void hostThreadsTogetherUseNoMoreThreadsThanThePoolHas(int size) throws Exception {
    int hosts = 8;
    int regions = 20;
    int tasks = 7;
    Turnstile turnstile = new Turnstile();
    AtomicLong done = new AtomicLong();
    try (CpuThreads threads = new CpuThreads(size)) {
      CountDownLatch start = new CountDownLatch(hosts);
      List<Thread> all = new ArrayList<>();
      for (int h = 0; h < hosts; h++) {
        all.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      start.countDown();
                      await(start);
                      for (int r = 0; r < regions; r++) {
                        threads.forEach(
                            tasks,
                            WORTH_SHARING,
                            task -> {
                              turnstile.pass();
                              done.incrementAndGet();
                            });
                      }
                    }));
      }
      for (Thread thread : all) {
        thread.join();
      }
    }
    assertThat(done.get()).isEqualTo((long) hosts * regions * tasks);
    assertThat(turnstile.most.get()).isBetween(1, size);
  }

  @Test
  void regionsWithinRegionsNeedNoThreadOfTheirOwn() {
    AtomicLong sum = new AtomicLong();
    try (CpuThreads threads = new CpuThreads(2)) {
      for (int round = 0; round < 50; round++) {
        threads.forEach(
            4,
            WORTH_SHARING,
            outer -> threads.forEach(3, WORTH_SHARING, inner -> sum.addAndGet(10 * outer + inner)));
      }
    }
    assertThat(sum.get()).isEqualTo(50 * (3 * 10 * (0 + 1 + 2 + 3) + 4 * (0 + 1 + 2)));
  }

  @Test
  void aFailedRegionLeavesThePoolUsable() {
    try (CpuThreads threads = new CpuThreads(2)) {
      for (int round = 0; round < 5; round++) {
        assertThatThrownBy(
                () ->
                    threads.forEach(
                        9,
                        WORTH_SHARING,
                        task -> {
                          throw new IllegalStateException("task " + task);
                        }))
            .isInstanceOf(IllegalStateException.class);
      }
      AtomicLong count = new AtomicLong();
      threads.forEach(9, WORTH_SHARING, task -> count.incrementAndGet());
      assertThat(count.get()).isEqualTo(9);
    }
  }

  @Test
  void sizeAndPinningAreSettings() {
    assertThat(CpuThreads.configured(configuration("cpu.threads", "5"))).isEqualTo(5);
    assertThat(CpuThreads.configured(Configuration.of(Map.of())))
        .isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(CpuThreads.pinned(configuration("cpu.pin", "On"))).isTrue();
    assertThat(CpuThreads.pinned(Configuration.of(Map.of()))).isFalse();
    assertThatThrownBy(() -> CpuThreads.pinned(configuration("cpu.pin", "yes")))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("'yes', expected on or off");
  }

  /** Where the library or the operating system cannot, the reason is told instead. */
  @Test
  void pinnedWorkersKeepToOneProcessorAndTheHostThreadDoesNot() throws Exception {
    NativeLibrary library = NativeLibrary.load(TestKernels.libraries());
    List<String> problems = new ArrayList<>();
    Set<String> workers = ConcurrentHashMap.newKeySet();
    String before = allowed();
    try (CpuThreads threads = new CpuThreads(3, library::pinCallingThread, problems::add)) {
      CountDownLatch met = new CountDownLatch(3);
      threads.forEach(
          3,
          WORTH_SHARING,
          task -> {
            // Each thread takes one task: all three are here at once.
            met.countDown();
            await(met);
            if (Thread.currentThread().getName().startsWith("touchstone-cpu-")) {
              workers.add(Thread.currentThread().getName() + ":" + allowed());
            }
          });
    }
    assertThat(allowed()).isEqualTo(before);
    assertThat(workers).hasSize(2);
    if (library.sets().isEmpty()) {
      assertThat(problems).singleElement().asString().contains(library.reason());
    } else if (Files.exists(STATUS)) {
      assertThat(problems).isEmpty();
      assertThat(workers).allSatisfy(w -> assertThat(w).matches("touchstone-cpu-\\d+:\\d+"));
    } else {
      assertThat(problems).singleElement().asString().contains("no way to pin");
    }
  }

  @Test
  void whyAThreadCannotBePinnedIsTold() {
    List<String> problems = new ArrayList<>();
    try (CpuThreads threads = new CpuThreads(4, worker -> Optional.of("no"), problems::add)) {
      assertThat(threads.count()).isEqualTo(4);
    }
    assertThat(problems).containsExactly("no");
  }

  private static Configuration configuration(String name, String value) {
    return Configuration.of(Map.of(name, value));
  }

  /**
   * Returns the processors that the calling thread may use, as Linux lists them; empty elsewhere.
   */
  private static String allowed() {
    if (!Files.exists(STATUS)) {
      return "";
    }
    try (var lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith("Cpus_allowed_list:"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("a test thread was interrupted", e);
    }
  }
}
