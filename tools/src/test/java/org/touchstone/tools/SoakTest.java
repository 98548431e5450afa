package org.touchstone.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.MemoryUse;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.conformance.cases.BenchCases;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.Launch;

/**
 * Calls operators of {@code cpu://simd} until a leak would show. The long tier makes 100,000 calls.
 */
@Isolated("memory and threads of the whole process are counted")
class SoakTest {
  private static final boolean FULL = "full".equals(System.getenv("TOUCHSTONE_TEST_TIER"));
  private static final int CALLS = FULL ? 100_000 : 4_000;

  /** Queues come and go as well. */
  private static final int CALLS_PER_QUEUE = 250;

  /** Half of the calls warm up: compiled code, scratch of threads, pages of the heap. */
  private static final int WARM_UP = CALLS / 2;

  /** Objects of a call, whatever its size: arguments, a completion, a receipt. */
  private static final long HEAP_BYTES_PER_CALL = 64 << 10;

  /** Far above what the JVM itself comes and goes with, and below one small tensor per call. */
  private static final long GROWTH = 96L << 20;

  private static final long HEAP_GROWTH = 8L << 20;

  private static final Path STATUS = Path.of("/proc/self/status");

  private static List<TestCase> cases() {
    return List.of(
        BenchCases.gemm(GemmOperands.FP8_BLOCK, 1, 256, 384),
        BenchCases.gemm(GemmOperands.FP8_BLOCK, 17, 192, 256),
        BenchCases.moe(3, 8, 2, 256, 128),
        BenchCases.decode(8, 2, 64, 2, 150),
        BenchCases.prefill(4, 2, 64, 33));
  }

  /** A case ready to be launched. */
  private record Prepared<A extends Args>(Operator<A> operator, A args) {
    static <A extends Args> Prepared<A> of(Operator<A> operator, Launch launch) {
      return new Prepared<>(operator, Args.of(operator.spec().argsType(), launch.tensors()));
    }

    void run(Queue queue) {
      operator.submit(queue, args).join();
    }
  }

  @Test
  void manyCallsLeakNothing() throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Hal hal = Hal.open();
        Device device = hal.device("cpu://simd");
        Arena arena = Arena.ofConfined();
        Queue setUp = device.openQueue();
        Launches launches = new Launches(new ArrayList<>())) {
      List<Prepared<?>> prepared = new ArrayList<>();
      for (TestCase testCase : cases()) {
        Launch launch = Launch.of(testCase, device, setUp, InputData.of(testCase, arena), arena);
        launches.all().add(launch);
        prepared.add(Prepared.of(device.prepare(testCase.spec()), launch));
      }
      setUp.finish();
      MemoryUse before = device.memoryUse();

      call(device, prepared, WARM_UP);
      long heap = heap();
      long resident = resident();
      int liveThreads = threads.getThreadCount();
      long allocated = threads.getCurrentThreadAllocatedBytes();
      call(device, prepared, CALLS - WARM_UP);

      long perCall = (threads.getCurrentThreadAllocatedBytes() - allocated) / (CALLS - WARM_UP);
      assertThat(perCall).as("heap bytes per call").isLessThan(HEAP_BYTES_PER_CALL);
      assertThat(heap() - heap).as("growth of live objects").isLessThan(HEAP_GROWTH);
      assertThat(resident() - resident).as("growth of resident memory").isLessThan(GROWTH);
      assertThat(threads.getThreadCount())
          .as("threads")
          .isLessThanOrEqualTo(liveThreads + Runtime.getRuntime().availableProcessors());
      assertThat(device.memoryUse().buffers()).isEqualTo(before.buffers());
      assertThat(device.memoryUse().bytes()).isEqualTo(before.bytes());
      assertThat(device.memoryUse().workspaceBytes()).isEqualTo(before.workspaceBytes());
    }
  }

  /** Closes what was placed on the device. */
  private record Launches(List<Launch> all) implements AutoCloseable {
    @Override
    public void close() {
      all.forEach(Launch::close);
    }
  }

  /** Runs the operators in turn; the workspace of a queue settles at what the hungriest needs. */
  private static void call(Device device, List<Prepared<?>> prepared, int calls) {
    for (int done = 0; done < calls; done += CALLS_PER_QUEUE) {
      try (Queue queue = device.openQueue()) {
        long settled = -1;
        for (int i = 0; i < CALLS_PER_QUEUE; i++) {
          prepared.get(i % prepared.size()).run(queue);
          if (i == prepared.size() - 1) {
            settled = queue.workspaceBytes();
          }
        }
        assertThat(queue.workspaceBytes()).as("workspace after %d calls", done).isEqualTo(settled);
        assertThat(device.memoryUse().workspaceBytes()).isGreaterThanOrEqualTo(settled);
      }
    }
  }

  /** Returns the bytes of live objects. */
  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** Returns the resident bytes of this process that no file backs; 0 where Linux does not tell. */
  private static long resident() throws IOException {
    if (!Files.exists(STATUS)) {
      return 0;
    }
    try (var lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst()
          .orElse(0);
    }
  }
}
