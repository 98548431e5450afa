package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;
import org.touchstone.backends.cuda.sim.exec.Options;

/** Tests ldmatrix, stmatrix and movmatrix by the formulas of the PTX ISA, and what they cost. */
class MatrixMovesTest {
  /** Fills 1 KiB of shared memory with its 16-bit indices. */
  private static final String FILL =
      """
      .shared .align 128 .b8 tile[1024];
      ld.param.u64 %rd1, [p0];
      ld.param.u64 %rd2, [p1];
      mov.u32 %r1, %tid.x;
      shl.b32 %r2, %r1, 5;
      mov.u32 %r3, tile;
      add.s32 %r4, %r3, %r2;
      shl.b32 %r5, %r1, 4;
      mov.u32 %r6, 0;
      L:
      add.s32 %r7, %r5, %r6;
      cvt.u16.u32 %h1, %r7;
      shl.b32 %r8, %r6, 1;
      add.s32 %r9, %r4, %r8;
      st.shared.u16 [%r9], %h1;
      add.s32 %r6, %r6, 1;
      setp.lt.u32 %p1, %r6, 16;
      @%p1 bra L;
      bar.sync 0;
      mul.wide.u32 %rd3, %r1, 4;
      add.s64 %rd4, %rd1, %rd3;
      add.s64 %rd5, %rd2, %rd3;
      ld.global.u32 %r10, [%rd4];
      add.s32 %r11, %r3, %r10;
      """;

  private static int[] rows() {
    List<Integer> rows = new ArrayList<>(IntStream.range(0, 64).map(i -> i * 16).boxed().toList());
    Collections.shuffle(rows, new Random(3));
    return rows.subList(0, 32).stream().mapToInt(Integer::intValue).toArray();
  }

  @Test
  void loadsEveryElementToItsLane() {
    int[] rows = rows();
    for (int matrices : new int[] {1, 2, 4}) {
      for (boolean transposed : new boolean[] {false, true}) {
        String registers =
            matrices == 1 ? "{%r20}" : matrices == 2 ? "{%r20, %r21}" : "{%r20, %r21, %r22, %r23}";
        StringBuilder body = new StringBuilder(FILL);
        body.append("ldmatrix.sync.aligned.m8n8.x")
            .append(matrices)
            .append(transposed ? ".trans" : "");
        body.append(".shared.b16 ").append(registers).append(", [%r11];\n");
        for (int i = 0; i < matrices; i++) {
          body.append("st.global.u32 [%rd5+")
              .append(i * 128)
              .append("], %r")
              .append(20 + i)
              .append(";\n");
        }
        SimDevice device = Kernels.device();
        long out = Kernels.upload(device, new int[128]);
        Kernels.run(
            device,
            Kernels.module(2, body + "ret;"),
            LaunchConfig.of(1, 32, 0),
            Kernels.upload(device, rows),
            out);
        int[] got = Kernels.ints(device, out, 128);
        for (int i = 0; i < matrices; i++) {
          for (int l = 0; l < 32; l++) {
            for (int half = 0; half < 2; half++) {
              int row = transposed ? l % 4 * 2 + half : l / 4;
              int column = transposed ? l / 4 : l % 4 * 2 + half;
              int want = rows[i * 8 + row] / 2 + column;
              assertThat(got[i * 32 + l] >>> (16 * half) & 0xffff)
                  .as("x%d trans %s matrix %d lane %d half %d", matrices, transposed, i, l, half)
                  .isEqualTo(want);
            }
          }
        }
      }
    }
  }

  @Test
  void storesAreTheInverseOfLoads() {
    for (String transposed : new String[] {"", ".trans"}) {
      String body =
          FILL
              + "ldmatrix.sync.aligned.m8n8.x4"
              + transposed
              + ".shared.b16 {%r20, %r21, %r22, %r23}, [%r11];\n"
              + "bar.sync 0;\nmov.u32 %r12, 0;\nst.shared.u32 [%r4], %r12;\nbar.sync 0;\n"
              + "stmatrix.sync.aligned.m8n8.x4"
              + transposed
              + ".shared.b16 [%r11], {%r20, %r21, %r22, %r23};\n"
              + "bar.sync 0;\nld.shared.u32 %r13, [%r4];\nst.global.u32 [%rd5], %r13;\nret;";
      SimDevice device = Kernels.device();
      int[] rows = IntStream.range(0, 32).map(l -> (l * 7 % 64) * 16).toArray();
      long out = Kernels.upload(device, new int[32]);
      Kernels.run(
          device,
          Kernels.module(2, body),
          LaunchConfig.of(1, 32, 0),
          Kernels.upload(device, rows),
          out);
      int[] got = Kernels.ints(device, out, 32);
      for (int l = 0; l < 32; l++) {
        int place = l * 32;
        boolean stored = IntStream.of(rows).anyMatch(r -> r == place);
        assertThat(got[l]).isEqualTo(stored ? (l * 16 + 1) << 16 | l * 16 : 0);
      }
    }
  }

  @Test
  void movesTransposeWithinRegisters() {
    String body =
        FILL
            + "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r20}, [%r11];\n"
            + "movmatrix.sync.aligned.m8n8.trans.b16 %r21, %r20;\nst.global.u32 [%rd5], %r21;\nret;";
    SimDevice device = Kernels.device();
    int[] rows = rows();
    long out = Kernels.upload(device, new int[32]);
    Kernels.run(
        device,
        Kernels.module(2, body),
        LaunchConfig.of(1, 32, 0),
        Kernels.upload(device, rows),
        out);
    int[] got = Kernels.ints(device, out, 32);
    for (int l = 0; l < 32; l++) {
      assertThat(got[l] & 0xffff).isEqualTo(rows[l % 4 * 2] / 2 + l / 4);
      assertThat(got[l] >>> 16).isEqualTo(rows[l % 4 * 2 + 1] / 2 + l / 4);
    }
  }

  @Test
  void metricsTellBankConflictsAndSectors() {
    // Rows 16 bytes apart need one wavefront per matrix, rows 128 bytes apart all hit the same
    // banks.
    assertThat(ratio(l -> l * 16)).isEqualTo(1.0);
    assertThat(ratio(l -> l % 8 * 128)).isEqualTo(8.0);
    assertThat(sectors(4)).isEqualTo(1.0);
    assertThat(sectors(32)).isEqualTo(8.0);
  }

  private static double ratio(java.util.function.IntUnaryOperator row) {
    SimDevice device = Kernels.device(Options.DEFAULT.with(Options.Metrics.ON));
    String body =
        FILL + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20, %r21, %r22, %r23}, [%r11];\nret;";
    LaunchReport report =
        Kernels.run(
            device,
            Kernels.module(2, body),
            LaunchConfig.of(1, 32, 0),
            Kernels.upload(device, IntStream.range(0, 32).map(row).toArray()),
            0);
    LaunchReport.Access load =
        report.accesses().stream()
            .filter(a -> a.text().startsWith("ldmatrix"))
            .findFirst()
            .orElseThrow();
    assertThat(load.executed()).isEqualTo(1);
    return (double) load.transactions() / load.ideal();
  }

  private static double sectors(int stride) {
    SimDevice device = Kernels.device(Options.DEFAULT.with(Options.Metrics.ON));
    String body =
        "ld.param.u64 %rd1, [p0];\nmov.u32 %r1, %tid.x;\nmul.wide.u32 %rd2, %r1, "
            + stride
            + ";\nadd.s64 %rd3, %rd1, %rd2;\nld.global.u32 %r2, [%rd3];\nret;";
    LaunchReport report =
        Kernels.run(
            device,
            Kernels.module(1, body),
            LaunchConfig.of(1, 32, 0),
            Kernels.upload(device, new int[256]));
    return report.ratio(LaunchReport.Space.GLOBAL);
  }
}
