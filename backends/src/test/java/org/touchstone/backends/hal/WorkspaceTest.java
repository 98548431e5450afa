package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Completion;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.op.AddArgs;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.memory.CountingMemory;
import org.touchstone.backends.memory.FailingMemory;
import org.touchstone.backends.memory.GuardedMemory;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.testing.FakeMemory;
import org.touchstone.backends.testing.FakeQueue;
import org.touchstone.backends.testing.FakeQueue.Execution;
import org.touchstone.backends.testing.Session;

class WorkspaceTest {
  /** Fills as much workspace as a test says, and notes how much it got. */
  private static final class Filling implements Kernel<AddArgs> {
    private final AtomicLong need = new AtomicLong();
    private final AtomicLong overrun = new AtomicLong();
    private final List<Long> got = new ArrayList<>();

    @Override
    public long workspaceBytes(AddArgs args) {
      return need.get();
    }

    @Override
    public void launch(BackendQueue queue, AddArgs args, DeviceMemory workspace) {
      got.add(workspace.bytes());
      long bytes = need.get() + overrun.get();
      if (need.get() > 0) {
        MemorySegment memory = ((FakeMemory) workspace).bytesOnDevice();
        ((FakeQueue) queue).enqueue(() -> fill(memory, bytes));
      }
    }

    @SuppressWarnings("restricted")
    private static void fill(MemorySegment memory, long bytes) {
      MemorySegment.ofAddress(memory.address()).reinterpret(bytes).fill((byte) 7);
    }
  }

  private final Filling kernel = new Filling();

  private Operator<AddArgs> prepare(Session session) {
    session.backend().planning(spec -> Plan.runs("filling", KernelTraits.PLAIN_F32, kernel));
    return session.device().prepare(Session.ADD);
  }

  private static AddArgs args(Session session) {
    return new AddArgs(session.tensor(7), session.tensor(7), session.tensor(7));
  }

  @ParameterizedTest
  @EnumSource
  void grows_to_what_kernels_need(HostAccess access) {
    try (Session s = Session.open(access, Execution.DEFERRED)) {
      Operator<AddArgs> operator = prepare(s);
      AddArgs args = args(s);
      assertThat(s.queue().workspaceBytes()).isZero();
      List<Completion> submitted = new ArrayList<>();
      for (long need : new long[] {0, 1000, 0, 70, 3000, 2999}) {
        kernel.need.set(need);
        submitted.add(operator.submit(s.queue(), args));
      }
      s.queue().finish();
      assertThat(kernel.got).containsExactly(0L, 1000L, 1000L, 1000L, 3000L, 3000L);
      assertThat(submitted)
          .extracting(completion -> completion.receipt().workspaceBytes())
          .containsExactly(0L, 1000L, 0L, 70L, 3000L, 2999L);
      assertThat(s.queue().workspaceBytes()).isEqualTo(3000);
      try (Queue second = s.device().openQueue()) {
        operator.submit(second, args).join();
        assertThat(second.workspaceBytes()).isEqualTo(2999);
        assertThat(s.device().memoryUse().workspaceBytes()).isEqualTo(5999);
        assertThat(s.device().memoryUse().bytes()).isEqualTo(3 * 28);
      }
      assertThat(s.device().memoryUse().workspaceBytes()).isEqualTo(3000);
    }
  }

  @Test
  void is_bounded() {
    HalOptions options = HalOptions.DEFAULT.with("queue.workspace.max", "2k");
    try (Session s =
        Session.open(HostAccess.DIRECT, Execution.IMMEDIATE, options, Instruments.NONE)) {
      Operator<AddArgs> operator = prepare(s);
      AddArgs args = args(s);
      kernel.need.set(2048);
      operator.submit(s.queue(), args).join();
      kernel.need.set(2049);
      assertFails(ErrorCode.OUT_OF_MEMORY, () -> operator.submit(s.queue(), args))
          .hasMessageContaining(
              "add: the kernel asks for 2049 bytes of workspace, a queue holds at most 2048")
          .hasMessageContaining("raise touchstone.queue.workspace.max");
      kernel.need.set(-1);
      assertFails(ErrorCode.INTERNAL, () -> operator.submit(s.queue(), args));
      kernel.need.set(5);
      operator.submit(s.queue(), args).join();
      assertThat(kernel.got).as("a refused launch leaves the queue healthy").hasSize(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void survives_a_failed_allocation(HostAccess access) {
    List<FailingMemory> failing = new ArrayList<>();
    List<CountingMemory> counting = new ArrayList<>();
    Instruments instruments =
        Instruments.NONE.memory(
            device -> {
              counting.add(new CountingMemory(device.memory()));
              failing.add(new FailingMemory(counting.getFirst()));
              return failing.getFirst();
            });
    try (Session s = Session.open(access, Execution.DEFERRED, HalOptions.DEFAULT, instruments)) {
      Operator<AddArgs> operator = prepare(s);
      AddArgs args = args(s);
      kernel.need.set(100);
      operator.submit(s.queue(), args).join();
      kernel.need.set(200);
      failing.getFirst().failAt(1);
      assertFails(ErrorCode.OUT_OF_MEMORY, () -> operator.submit(s.queue(), args))
          .hasMessageContaining("add: allocation number 5 of 200 bytes was chosen to fail");
      assertThat(s.queue().workspaceBytes()).isZero();
      assertThat(counting.getFirst().usage().liveBytes()).isEqualTo(3 * 28);
      operator.submit(s.queue(), args).join();
      assertThat(counting.getFirst().usage().liveBytes()).isEqualTo(3 * 28 + 200);
    }
    assertThat(counting.getFirst().usage().liveBlocks()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void is_exact_poisoned_and_guarded_under_instruments(HostAccess access) {
    List<GuardedMemory> guards = new ArrayList<>();
    Instruments instruments =
        Instruments.NONE
            .memory(
                device -> {
                  guards.add(GuardedMemory.around(device));
                  return guards.getFirst();
                })
            .workspace(Instruments.Workspace.EXACT);
    try (Session s = Session.open(access, Execution.DEFERRED, HalOptions.DEFAULT, instruments)) {
      Operator<AddArgs> operator = prepare(s);
      AddArgs args = args(s);
      assertThat(((FakeMemory) poisonOf(args)).bytesOnDevice().get(ValueLayout.JAVA_INT, 24))
          .isEqualTo(-1);
      for (long need : new long[] {1000, 70, 70, 0, 4096}) {
        kernel.need.set(need);
        operator.submit(s.queue(), args).join();
      }
      assertThat(kernel.got).containsExactly(1000L, 70L, 70L, 0L, 4096L);
      assertThat(guards.getFirst().violations()).isEmpty();
      kernel.overrun.set(3);
      operator.submit(s.queue(), args).join();
      assertThat(guards.getFirst().violations())
          .singleElement()
          .asString()
          .contains("of 4096 bytes: 3 bytes changed behind its end, from 4096 to 4098");
    }
  }

  private static DeviceMemory poisonOf(AddArgs args) {
    return Memories.of(args.y(), FakeMemory.class);
  }
}
