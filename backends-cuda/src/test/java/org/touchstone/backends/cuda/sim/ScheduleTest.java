package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.touchstone.backends.cuda.sim.exec.Checks;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Schedule;

/** Tests the order in which warps run, reconvergence and barriers of a part of a block. */
class ScheduleTest {
  /** Each warp takes a ticket: its place in the order of arrival. */
  private static final String TICKETS =
      """
      ld.param.u64 %rd1, [p0];
      mov.u32 %r1, %tid.x;
      and.b32 %r2, %r1, 31;
      setp.ne.s32 %p1, %r2, 0;
      @%p1 bra L;
      atom.global.add.u32 %r3, [%rd1], 1;
      shr.u32 %r4, %r1, 5;
      mul.wide.u32 %rd2, %r4, 4;
      add.s64 %rd3, %rd1, %rd2;
      st.global.u32 [%rd3+4], %r3;
      L: ret;
      """;

  private static int[] tickets(Options options) {
    SimDevice device = Kernels.device(options);
    long out = Kernels.upload(device, new int[9]);
    Kernels.run(device, Kernels.module(1, TICKETS), LaunchConfig.of(1, 256, 0), out);
    return Kernels.ints(device, out, 9);
  }

  @Test
  void warpsRunByNumberOrInAnOrderThatTheSeedDecides() {
    assertThat(tickets(Options.DEFAULT)).containsExactly(8, 0, 1, 2, 3, 4, 5, 6, 7);
    Set<String> orders = new HashSet<>();
    for (long seed = 1; seed <= 10; seed++) {
      Options options = Options.DEFAULT.with(Schedule.adversarial(seed));
      int[] first = tickets(options);
      assertThat(tickets(options.withWorkers(1))).as("seed %d", seed).isEqualTo(first);
      orders.add(java.util.Arrays.toString(first));
    }
    assertThat(orders).hasSizeGreaterThan(5);
  }

  @Test
  void lanesThatDivergeMeetAgain() {
    // A loop of as many turns as the lane's number, then a vote of all.
    String body =
        """
        ld.param.u64 %rd1, [p0];
        mov.u32 %r1, %tid.x;
        mov.u32 %r2, 0;
        mov.u32 %r3, 0;
        L:
        add.s32 %r3, %r3, %r2;
        add.s32 %r2, %r2, 1;
        setp.le.u32 %p1, %r2, %r1;
        @%p1 bra L;
        vote.sync.ballot.b32 %r4, 1, 0xffffffff;
        xor.b32 %r5, %r3, %r4;
        mul.wide.u32 %rd2, %r1, 4;
        add.s64 %rd3, %rd1, %rd2;
        st.global.u32 [%rd3], %r5;
        ret;
        """;
    for (long seed = 0; seed < 4; seed++) {
      Options options =
          seed == 0 ? Options.DEFAULT : Options.DEFAULT.with(Schedule.adversarial(seed));
      SimDevice device = Kernels.device(options);
      long out = Kernels.upload(device, new int[32]);
      LaunchReport report =
          Kernels.run(device, Kernels.module(1, body), LaunchConfig.of(1, 32, 0), out);
      int[] got = Kernels.ints(device, out, 32);
      for (int l = 0; l < 32; l++) {
        assertThat(got[l]).as("seed %d lane %d", seed, l).isEqualTo(~(l * (l + 1) / 2));
      }
      assertThat(report.warpInstructions()).isLessThan(4 * 32 + 40);
    }
  }

  @Test
  void lanesThatSpinLetTheLaneGoOnThatTheyWaitFor() {
    // Lane 0 sets the flag after the branch that the others leave only when it is set.
    String body =
        """
        ld.param.u64 %rd1, [p0];
        mov.u32 %r1, %tid.x;
        setp.eq.u32 %p1, %r1, 0;
        @%p1 bra SET;
        L:
        ld.volatile.global.u32 %r2, [%rd1];
        setp.eq.u32 %p2, %r2, 0;
        @%p2 bra L;
        bra END;
        SET:
        st.volatile.global.u32 [%rd1], 1;
        END: ret;
        """;
    SimDevice device = Kernels.device(Options.DEFAULT.withInstructionLimit(1_000_000));
    long flag = Kernels.upload(device, new int[1]);
    Kernels.run(device, Kernels.module(1, body), LaunchConfig.of(1, 32, 0), flag);
    assertThat(Kernels.ints(device, flag, 1)).containsExactly(1);
  }

  @Test
  void barriersOfAPartOfTheBlockOrderProducersAndConsumers() {
    // Warp 0 produces and only arrives, warp 1 waits and consumes, warp 2 takes no part.
    String body =
        """
        .shared .align 4 .b8 tile[128];
        ld.param.u64 %rd1, [p0];
        mov.u32 %r1, %tid.x;
        shr.u32 %r2, %r1, 5;
        and.b32 %r3, %r1, 31;
        shl.b32 %r4, %r3, 2;
        mov.u32 %r5, tile;
        add.s32 %r6, %r5, %r4;
        setp.eq.u32 %p1, %r2, 0;
        setp.eq.u32 %p2, %r2, 1;
        @%p1 st.shared.u32 [%r6], %r1;
        @%p1 bar.arrive 3, 64;
        @!%p2 bra END;
        bar.sync 3, 64;
        ld.shared.u32 %r7, [%r6];
        mul.wide.u32 %rd2, %r3, 4;
        add.s64 %rd3, %rd1, %rd2;
        st.global.u32 [%rd3], %r7;
        END: ret;
        """;
    for (long seed = 0; seed < 8; seed++) {
      SimDevice device = Kernels.device(Options.DEFAULT.with(Schedule.adversarial(seed)));
      long out = Kernels.upload(device, new int[32]);
      Kernels.run(device, Kernels.module(1, body), LaunchConfig.of(1, 96, 0), out);
      assertThat(Kernels.ints(device, out, 32)[31]).isEqualTo(31);
    }
  }

  @Test
  void copiesThatNobodyWaitsForMayComeEarlyOrLate() {
    String body =
        """
        .shared .align 16 .b8 tile[16];
        ld.param.u64 %rd1, [p0];
        mov.u32 %r1, 7;
        st.shared.u32 [tile], %r1;
        cp.async.ca.shared.global [tile], [%rd1], 4;
        ld.shared.u32 %r2, [tile];
        cp.async.wait_all;
        st.global.u32 [%rd1+4], %r2;
        ret;
        """;
    Set<Integer> seen = new HashSet<>();
    for (long seed = 0; seed < 16; seed++) {
      SimDevice device =
          Kernels.device(Options.DEFAULT.with(Checks.NONE).with(Schedule.adversarial(seed)));
      long memory = Kernels.upload(device, 5, 0);
      Kernels.run(device, Kernels.module(1, body), LaunchConfig.of(1, 1, 0), memory);
      seen.add(Kernels.ints(device, memory, 2)[1]);
    }
    assertThat(seen).containsExactlyInAnyOrder(5, 7);
  }

  @Test
  void deviceFunctionsAreCopiedIntoTheirCallers() {
    String ptx =
        """
        .version 7.0
        .target sm_80
        .address_size 64
        .func (.param .b32 result) twice(.param .b32 x)
        {
        .reg .b32 %r<3>;
        ld.param.u32 %r1, [x];
        add.s32 %r2, %r1, %r1;
        st.param.b32 [result], %r2;
        ret;
        }
        .visible .entry k(.param .u64 p)
        {
        .reg .b32 %r<4>; .reg .b64 %rd<2>;
        ld.param.u64 %rd1, [p];
        mov.u32 %r1, 5;
        { .param .b32 a; .param .b32 b;
        st.param.b32 [a], %r1;
        call.uni (b), twice, (a);
        ld.param.b32 %r2, [b]; }
        { .param .b32 a; .param .b32 b;
        st.param.b32 [a], %r2;
        call.uni (b), twice, (a);
        ld.param.b32 %r3, [b]; }
        st.global.u32 [%rd1], %r3;
        ret;
        }
        """;
    SimDevice device = Kernels.device();
    long out = Kernels.upload(device, new int[1]);
    Kernels.run(device, ptx, LaunchConfig.of(1, 32, 0), out);
    assertThat(Kernels.ints(device, out, 1)).containsExactly(20);
  }
}
