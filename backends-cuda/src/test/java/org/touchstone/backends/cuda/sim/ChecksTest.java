package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.backends.cuda.sim.check.Finding;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Program;
import org.touchstone.backends.cuda.sim.exec.Schedule;

/** Plants a defect for every check, and runs the same kernel without it. */
class ChecksTest {
  /** Reads the address and thread index, and makes an address of the thread's own word. */
  private static final String OWN =
      """
      ld.param.u64 %rd1, [p0];
      mov.u32 %r1, %tid.x;
      mul.wide.u32 %rd2, %r1, 4;
      add.s64 %rd3, %rd1, %rd2;
      shl.b32 %r2, %r1, 2;
      """;

  private static final String TILE =
      ".shared .align 16 .b8 tile[512];\nmov.u32 %r3, tile;\nadd.s32 %r4, %r3, %r2;\n";

  /** A word of the tile that belongs to a thread of the other warp. */
  private static final String OTHER = "xor.b32 %r5, %r2, 128;\nadd.s32 %r6, %r3, %r5;\n";

  /** The address of the 16 bytes of the tile that the thread's word belongs to. */
  private static final String ROWS =
      "st.shared.u32 [%r4], %r1;\nbar.warp.sync 0xffffffff;\nand.b32 %r5, %r2, 0xf0;\nadd.s32 %r6, %r3, %r5;\n";

  private static final String FILL = "st.shared.u32 [%r4], %r1;\nbar.sync 0;\n";

  /** A defect, its cure, and what must be found. */
  private static Arguments planted(FindingKind kind, String name, String bad, String good) {
    return Arguments.of(kind, name, bad, good);
  }

  static Stream<Arguments> defects() {
    return Stream.of(
        planted(
            FindingKind.OUT_OF_BOUNDS,
            "a global load past the end",
            OWN + "ld.global.u32 %r9, [%rd3+4];\nret;",
            OWN + "ld.global.u32 %r9, [%rd3];\nret;"),
        planted(
            FindingKind.OUT_OF_BOUNDS,
            "a shared store past the end",
            OWN + TILE + "st.shared.u32 [%r4+260], %r1;\nret;",
            OWN + TILE + "st.shared.u32 [%r4+256], %r1;\nret;"),
        planted(
            FindingKind.OUT_OF_BOUNDS,
            "a local store past the end",
            ".local .align 4 .b8 l[8];\nmov.u64 %rd1, l;\nst.local.u32 [%rd1+8], 1;\nret;",
            ".local .align 4 .b8 l[8];\nmov.u64 %rd1, l;\nst.local.u32 [%rd1+4], 1;\nret;"),
        planted(
            FindingKind.MISALIGNED,
            "a vector load at a word",
            OWN + "ld.global.v2.u32 {%r8, %r9}, [%rd1+4];\nret;",
            OWN + "ld.global.v2.u32 {%r8, %r9}, [%rd1+8];\nret;"),
        planted(
            FindingKind.UNINITIALISED_SHARED,
            "a read of shared memory that half of the block writes",
            OWN
                + TILE
                + "setp.lt.u32 %p1, %r1, 32;\n@%p1 st.shared.u32 [%r4], %r1;\nbar.sync 0;\nld.shared.u32 %r9, [%r4];\nret;",
            OWN + TILE + "st.shared.u32 [%r4], %r1;\nbar.sync 0;\nld.shared.u32 %r9, [%r4];\nret;"),
        planted(
            FindingKind.UNINITIALISED_LOCAL,
            "a read of local memory that nothing wrote",
            ".local .align 4 .b8 l[8];\nmov.u64 %rd1, l;\nld.local.u32 %r1, [%rd1];\nret;",
            ".local .align 4 .b8 l[8];\nmov.u64 %rd1, l;\nst.local.u32 [%rd1], 1;\nld.local.u32 %r1, [%rd1];\nret;"),
        planted(
            FindingKind.UNINITIALISED_REGISTER,
            "a sum with a register that only some lanes set",
            OWN + "setp.lt.u32 %p1, %r1, 40;\n@%p1 mov.u32 %r8, 1;\nadd.s32 %r9, %r8, 1;\nret;",
            OWN
                + "mov.u32 %r8, 0;\nsetp.lt.u32 %p1, %r1, 40;\n@%p1 mov.u32 %r8, 1;\nadd.s32 %r9, %r8, 1;\nret;"),
        planted(
            FindingKind.SHARED_RACE,
            "a read without a barrier after the other warp's write",
            OWN + TILE + OTHER + "st.shared.u32 [%r4], %r1;\nst.shared.u32 [%r6], %r1;\nret;",
            OWN
                + TILE
                + OTHER
                + "st.shared.u32 [%r4], %r1;\nbar.sync 0;\nst.shared.u32 [%r6], %r1;\nret;"),
        planted(
            FindingKind.SHARED_RACE,
            "a write without a barrier after the other warp's read",
            OWN
                + TILE
                + OTHER
                + "st.shared.u32 [%r4], %r1;\nbar.sync 0;\nld.shared.u32 %r9, [%r6];\nst.shared.u32 [%r4], %r9;\nret;",
            OWN
                + TILE
                + OTHER
                + "st.shared.u32 [%r4], %r1;\nbar.sync 0;\nld.shared.u32 %r9, [%r6];\nbar.sync 0;\nst.shared.u32 [%r4], %r9;\nret;"),
        planted(
            FindingKind.SHARED_RACE,
            "a barrier for one warp only",
            OWN
                + TILE
                + OTHER
                + FILL
                + "st.shared.u32 [%r4], %r1;\nbar.sync 1, 32;\nld.shared.u32 %r9, [%r6];\nret;",
            OWN
                + TILE
                + OTHER
                + FILL
                + "st.shared.u32 [%r4], %r1;\nbar.sync 1, 64;\nld.shared.u32 %r9, [%r6];\nret;"),
        planted(
            FindingKind.GLOBAL_RACE,
            "two warps that write a word",
            OWN + "st.global.u32 [%rd1], %r1;\nret;",
            OWN + "st.global.u32 [%rd3], %r1;\nret;"),
        planted(
            FindingKind.GLOBAL_RACE,
            "a plain read of what the other warp adds to",
            OWN + "red.global.add.u32 [%rd1], 1;\nld.global.u32 %r9, [%rd1];\nret;",
            OWN + "red.global.add.u32 [%rd1], 1;\nbar.sync 0;\nld.global.u32 %r9, [%rd1];\nret;"),
        planted(
            FindingKind.DIVERGENT_BARRIER,
            "a barrier in a branch of half a warp",
            OWN + "setp.lt.u32 %p1, %r1, 16;\n@%p1 bra L;\nbar.sync 0;\nL: ret;",
            OWN + "setp.lt.u32 %p1, %r1, 16;\n@%p1 bra L;\nL: bar.sync 0;\nret;"),
        planted(
            FindingKind.DIVERGENT_BARRIER,
            "a matrix load by half a warp",
            OWN
                + TILE
                + ROWS
                + "setp.lt.u32 %p1, %r1, 16;\n@%p1 bra L;\nldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r9}, [%r6];\nL: ret;",
            OWN
                + TILE
                + ROWS
                + "setp.lt.u32 %p1, %r1, 16;\n@%p1 bra L;\nL: ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r9}, [%r6];\nret;"),
        planted(
            FindingKind.WRONG_MEMBER_MASK,
            "a vote that names lanes which left",
            OWN
                + "and.b32 %r5, %r1, 31;\nsetp.lt.u32 %p1, %r5, 16;\n@%p1 bra L;\nvote.sync.ballot.b32 %r9, %p1, 0xffffff00;\nL: bar.sync 0;\nret;",
            OWN
                + "and.b32 %r5, %r1, 31;\nsetp.lt.u32 %p1, %r5, 16;\n@%p1 bra L;\nvote.sync.ballot.b32 %r9, %p1, 0xffff0000;\nL: bar.sync 0;\nret;"),
        planted(
            FindingKind.WRONG_MEMBER_MASK,
            "a lane that its own mask lacks",
            "vote.sync.any.pred %p1, 1, 0x7fffffff;\nret;",
            "vote.sync.any.pred %p1, 1, 0xffffffff;\nret;"),
        planted(
            FindingKind.SHUFFLE_SOURCE,
            "a shuffle from a lane outside the mask",
            OWN
                + "and.b32 %r5, %r1, 31;\nsetp.lt.u32 %p1, %r5, 16;\n@!%p1 bra L;\nshfl.sync.down.b32 %r9, %r1, 8, 31, 0xffff;\nL: ret;",
            OWN
                + "and.b32 %r5, %r1, 31;\nsetp.lt.u32 %p1, %r5, 16;\n@!%p1 bra L;\nshfl.sync.down.b32 %r9, %r1, 8, 0x100f, 0xffff;\nL: ret;"),
        planted(
            FindingKind.ASYNC_IN_FLIGHT,
            "a read that waits for one group too few",
            OWN
                + TILE
                + copies()
                + "cp.async.wait_group 1;\nld.shared.u32 %r9, [%r4+256];\ncp.async.wait_all;\nret;",
            OWN + TILE + copies() + "cp.async.wait_group 0;\nld.shared.u32 %r9, [%r4+256];\nret;"),
        planted(
            FindingKind.ASYNC_AT_EXIT,
            "an end without waiting",
            OWN + TILE + copies() + "ret;",
            OWN + TILE + copies() + "cp.async.wait_all;\nret;"),
        planted(
            FindingKind.SHARED_RACE,
            "a wait without a barrier before the other warp's data",
            OWN
                + TILE
                + OTHER
                + FILL
                + copies()
                + "cp.async.wait_all;\nld.shared.u32 %r9, [%r6];\nret;",
            OWN
                + TILE
                + OTHER
                + FILL
                + copies()
                + "cp.async.wait_all;\nbar.sync 0;\nld.shared.u32 %r9, [%r6];\nret;"),
        planted(
            FindingKind.DEADLOCK,
            "a barrier for more threads than there are",
            "bar.sync 1, 96;\nret;",
            "bar.sync 1, 64;\nret;"),
        planted(
            FindingKind.NO_PROGRESS, "a loop without an end", "L: bra L;\nret;", "bra L;\nL: ret;"),
        planted(FindingKind.TRAP, "a trap", "trap;", "ret;"));
  }

  /** Copies the thread's word twice, in two groups. */
  private static String copies() {
    return """
        cp.async.ca.shared.global [%r4], [%rd3], 4;
        cp.async.commit_group;
        cp.async.ca.shared.global [%r4+256], [%rd3], 4;
        cp.async.commit_group;
        """;
  }

  /** Depending on which warp runs first, the other's data are in flight or newly written. */
  private static FindingKind alternative(FindingKind kind, String name) {
    return name.startsWith("a wait without a barrier") ? FindingKind.ASYNC_IN_FLIGHT : kind;
  }

  private static final Options LIMITED = Options.DEFAULT.withInstructionLimit(200_000);

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("defects")
  void findsThePlantedDefectUnderEverySchedule(
      FindingKind kind, String name, String bad, String good) {
    for (long seed = 0; seed < 6; seed++) {
      Options options = seed == 0 ? LIMITED : LIMITED.with(Schedule.adversarial(seed));
      Finding finding =
          Objects.requireNonNull(run(options, bad), () -> name + ": nothing was found");
      assertThat(finding.kind())
          .as("%s, seed %d: %s", name, seed, finding)
          .isIn(kind, alternative(kind, name));
      assertThat(finding.kernel()).isEqualTo("k");
      assertThat(finding.ptxLine()).as(finding.toString()).isGreaterThan(10);
      assertThat(run(options, good)).as("%s cured, seed %d", name, seed).isNull();
    }
  }

  /** Runs two warps on 64 words, and returns what is found. */
  private static @Nullable Finding run(Options options, String body) {
    SimDevice device = Kernels.device(options);
    long address = Kernels.upload(device, new int[64]);
    SimulationException e =
        catchThrowableOfType(
            SimulationException.class,
            () -> Kernels.run(device, Kernels.module(1, body), LaunchConfig.of(1, 64, 0), address));
    return e == null ? null : e.finding();
  }

  @Test
  void namesBlockWarpLaneAndSourceLine() {
    SimDevice device = Kernels.device(Options.DEFAULT.withWorkers(1));
    long address = Kernels.upload(device, new int[40]);
    String body = OWN + ".loc 1 77 3\nld.global.u32 %r9, [%rd3];\nret;";
    String ptx = Kernels.module(1, body) + "\n.file 1 \"/some/where/kernel.cu\"\n";
    SimulationException e =
        catchThrowableOfType(
            SimulationException.class,
            () -> Kernels.run(device, ptx, LaunchConfig.of(3, 64, 0), address));
    Finding f = e.finding();
    assertThat(f.kind()).isEqualTo(FindingKind.OUT_OF_BOUNDS);
    assertThat(f.blockX()).isZero();
    assertThat(f.warp()).isEqualTo(1);
    assertThat(f.lane()).isEqualTo(8);
    assertThat(f.source()).isEqualTo("kernel.cu:77");
    assertThat(e).hasMessageContaining("ld.global.u32").hasMessageContaining("kernel.cu:77");
  }

  @Test
  void findsRacesBetweenBlocksAndAcceptsAFenceWithAnAtomic() {
    String write = OWN + "mov.u32 %r7, %ctaid.x;\nst.global.u32 [%rd1+8], %r7;\nret;";
    assertThat(blocks(write)).isEqualTo(FindingKind.GLOBAL_RACE);
    // The last block to arrive reads what all have written.
    String last =
        """
        ld.param.u64 %%rd1, [p0];
        mov.u32 %%r1, %%ctaid.x;
        add.s32 %%r2, %%r1, 1;
        mul.wide.u32 %%rd2, %%r2, 4;
        add.s64 %%rd3, %%rd1, %%rd2;
        st.global.u32 [%%rd3], %%r1;
        %s
        atom.global.add.u32 %%r3, [%%rd1], 1;
        setp.ne.s32 %%p1, %%r3, 3;
        @%%p1 bra L;
        %s
        ld.global.u32 %%r4, [%%rd1+4];
        ld.global.u32 %%r5, [%%rd1+8];
        ld.global.u32 %%r6, [%%rd1+12];
        ld.global.u32 %%r7, [%%rd1+16];
        L: ret;
        """;
    assertThat(blocks(last.formatted("membar.gl;", "membar.gl;"))).isNull();
    assertThat(blocks(last.formatted("", "membar.gl;"))).isEqualTo(FindingKind.GLOBAL_RACE);
  }

  private static @Nullable FindingKind blocks(String body) {
    SimDevice device = Kernels.device();
    long address = Kernels.upload(device, new int[64]);
    SimulationException e =
        catchThrowableOfType(
            SimulationException.class,
            () -> Kernels.run(device, Kernels.module(1, body), LaunchConfig.of(4, 1, 0), address));
    return e == null ? null : e.finding().kind();
  }

  @Test
  void findsUninitialisedAndFreedGlobalMemory() {
    SimDevice device = Kernels.device();
    long address = device.allocate(256);
    String ptx = Kernels.module(1, OWN + "ld.global.u32 %r9, [%rd3];\nret;");
    SimulationException e =
        catchThrowableOfType(
            SimulationException.class,
            () -> Kernels.run(device, ptx, LaunchConfig.of(1, 64, 0), address));
    assertThat(e.finding().kind()).isEqualTo(FindingKind.UNINITIALISED_GLOBAL);
    device.free(address);
    e =
        catchThrowableOfType(
            SimulationException.class,
            () -> Kernels.run(device, ptx, LaunchConfig.of(1, 64, 0), address));
    assertThat(e.finding().kind()).isEqualTo(FindingKind.DANGLING_POINTER);
  }

  @Test
  void findsWritesToConstantMemoryLeaksAndDoubleFrees() {
    SimDevice device = Kernels.device();
    String ptx =
        Kernels.module(0, "mov.u64 %rd1, table;\nst.global.u32 [%rd1], 1;\nret;")
            .replace(".visible", ".const .align 4 .b32 table[2] = {5, 6};\n.visible");
    SimulationException e =
        catchThrowableOfType(
            SimulationException.class, () -> Kernels.run(device, ptx, LaunchConfig.of(1, 1, 0)));
    assertThat(e.finding().kind()).isEqualTo(FindingKind.READ_ONLY_WRITE);
    device.checkLeaks();
    long address = device.allocate(12);
    e = catchThrowableOfType(SimulationException.class, device::checkLeaks);
    assertThat(e.finding().kind()).isEqualTo(FindingKind.LEAKED_ALLOCATION);
    assertThat(e).hasMessageContaining("12 bytes");
    device.free(address);
    device.checkLeaks();
    e = catchThrowableOfType(SimulationException.class, () -> device.free(address));
    assertThat(e.finding().kind()).isEqualTo(FindingKind.DANGLING_POINTER);
  }

  @Test
  void refusesLaunchesBeyondTheDevicesLimits() {
    SimDevice device = new SimDevice(DeviceProfile.of("sm_89").orElseThrow(), Options.DEFAULT);
    Program k = device.load(Kernels.module(1, "ret;")).kernel("k");
    assertThat(refused(device, k, LaunchConfig.of(1, 1025, 0), 8))
        .isEqualTo(FindingKind.LAUNCH_LIMIT);
    assertThat(refused(device, k, LaunchConfig.of(1, 32, 100 * 1024), 8))
        .isEqualTo(FindingKind.LAUNCH_LIMIT);
    assertThat(refused(device, k, new LaunchConfig(1, 70000, 1, 32, 1, 1, 0), 8))
        .isEqualTo(FindingKind.LAUNCH_LIMIT);
    assertThat(refused(device, k, LaunchConfig.of(1, 32, 0), 4))
        .isEqualTo(FindingKind.PARAMETER_SIZE);
    assertThat(refused(device, k, LaunchConfig.of(1, 32, 99 * 1024), 8)).isNull();
  }

  private static @Nullable FindingKind refused(
      SimDevice device, Program k, LaunchConfig config, int bytes) {
    SimulationException e =
        catchThrowableOfType(
            SimulationException.class, () -> device.launch(k, config, new byte[bytes]));
    return e == null ? null : e.finding().kind();
  }
}
