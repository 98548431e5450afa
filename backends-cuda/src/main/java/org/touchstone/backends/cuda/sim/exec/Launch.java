package org.touchstone.backends.cuda.sim.exec;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.memory.BlockClock;
import org.touchstone.backends.cuda.sim.memory.GlobalMemory;
import org.touchstone.backends.cuda.sim.memory.LaunchOrder;

/** One run of a kernel over a grid. Used once. */
public final class Launch {
  private static final AtomicLong THREADS = new AtomicLong();

  private final Program program;
  private final LaunchConfig config;
  private final Options options;
  private final byte[] parameters;
  private final GlobalMemory memory;
  private final int processors;
  private final int number;
  private final @Nullable LaunchOrder launchOrder;
  private final BlockClock.Locations locations = new BlockClock.Locations();
  private final AtomicInteger nextBlock = new AtomicInteger();
  private final AtomicLong budget;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final Object lock = new Object();
  private final List<long[]> instructions = new ArrayList<>();
  private final AccessCounts counts;

  /**
   * Prepares a launch whose limits were checked.
   *
   * @param processors the number of multiprocessors that {@code %nsmid} tells
   * @param number of the launch, 1 to 65535, for records of who accessed memory
   * @param launchOrder order between launches, or null if they all follow each other
   */
  public Launch(
      Program program,
      LaunchConfig config,
      Options options,
      byte[] parameters,
      GlobalMemory memory,
      int processors,
      int number,
      @Nullable LaunchOrder launchOrder) {
    this.program = program;
    this.config = config;
    this.options = options;
    this.parameters = parameters.clone();
    this.memory = memory;
    this.processors = processors;
    this.number = number;
    this.launchOrder = launchOrder;
    this.budget = new AtomicLong(options.instructionLimit());
    this.counts = new AccessCounts(program.length());
  }

  /**
   * Runs all blocks and waits for them.
   *
   * @throws org.touchstone.backends.cuda.sim.check.SimulationException with the first defect found
   */
  public LaunchReport run() {
    long start = System.nanoTime();
    int blocks = config.blocks();
    int helpers = Math.min(options.workers(), blocks) - 1;
    CountDownLatch latch = new CountDownLatch(helpers);
    for (int i = 0; i < helpers; i++) {
      Thread thread =
          new Thread(
              () -> {
                work();
                latch.countDown();
              },
              "ptx-sim-" + THREADS.incrementAndGet());
      thread.setDaemon(true);
      thread.start();
    }
    work();
    awaitAll(latch);
    Throwable failed = failure.get();
    if (failed instanceof RuntimeException e) {
      throw e;
    } else if (failed instanceof Error e) {
      throw e;
    }
    long warpInstructions = 0;
    long threadInstructions = 0;
    for (long[] each : instructions) {
      warpInstructions += each[0];
      threadInstructions += each[1];
    }
    return new LaunchReport(
        program.name(),
        blocks,
        warpInstructions,
        threadInstructions,
        System.nanoTime() - start,
        counts.accesses(program.code()));
  }

  private static void awaitAll(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    Block block = null;
    int blocks = config.blocks();
    try {
      for (int i = nextBlock.getAndIncrement(); i < blocks; i = nextBlock.getAndIncrement()) {
        if (failure.get() != null) {
          break;
        }
        if (block == null) {
          block = new Block(this);
        }
        block.run(i);
      }
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
    }
    if (block != null) {
      synchronized (lock) {
        instructions.add(block.instructions());
        counts.add(block.counts);
      }
    }
  }

  /** Counts down the launch's budget; a failure elsewhere ends this block too. */
  void countInstructions(long n, Warp w) {
    if (budget.addAndGet(-n) < 0) {
      throw w.fail(
          FindingKind.NO_PROGRESS,
          -1,
          "the launch ran "
              + options.instructionLimit()
              + " instructions without coming to an end");
    }
    if (failure.get() != null) {
      throw new IllegalStateException("another block failed");
    }
  }

  BlockClock clock(int block) {
    return new BlockClock(number, block, locations, launchOrder);
  }

  int sharedBytes() {
    return config.dynamicShared() == 0
        ? program.staticShared()
        : program.dynamicOffset() + config.dynamicShared();
  }

  Program program() {
    return program;
  }

  LaunchConfig config() {
    return config;
  }

  Options options() {
    return options;
  }

  byte[] parameters() {
    return parameters;
  }

  GlobalMemory memory() {
    return memory;
  }

  int processors() {
    return processors;
  }

  int number() {
    return number;
  }
}
