package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.Options;

/**
 * Pins every element of the fragments of mma with matrices that are zero but for one element,
 * placed by the formulas of the PTX ISA (matrix fragments for mma.m16n8k4 to mma.m16n8k32).
 */
class FragmentsTest {
  /** Row or column of element i of a lane's fragment, with g = lane / 4 and t = lane mod 4. */
  interface Index {
    int of(int g, int t, int i);
  }

  /**
   * A shape with its maps.
   *
   * @param perA elements of A in a lane
   * @param perB elements of B in a lane
   */
  record Shape(
      String name,
      String type,
      int k,
      int bits,
      int perA,
      int perB,
      Index rowA,
      Index colA,
      Index rowB) {
    @Override
    public String toString() {
      return name + " " + type;
    }

    String opcode() {
      boolean integer = type.equals("s8") || type.equals("u8");
      String result = integer ? "s32" : "f32";
      return "mma.sync.aligned."
          + name
          + ".row.col."
          + result
          + "."
          + type
          + "."
          + type
          + "."
          + result;
    }

    /** Returns the code of a small whole number. */
    int code(int value) {
      float x = value;
      return switch (type) {
        case "f16" -> Float.floatToFloat16(x) & 0xffff;
        case "bf16" -> Float.floatToRawIntBits(x) >>> 16;
        case "tf32" -> Float.floatToRawIntBits(x);
        case "e4m3" -> ExactFormat.E4M3.code(x, ExactFormat.Direction.ZERO, true);
        case "e5m2" -> ExactFormat.E5M2.code(x, ExactFormat.Direction.ZERO, true);
        default -> value & 0xff;
      };
    }
  }

  static Stream<Shape> shapes() {
    List<Shape> out = new ArrayList<>();
    for (String type : new String[] {"f16", "bf16"}) {
      out.add(
          new Shape(
              "m16n8k16",
              type,
              16,
              16,
              8,
              4,
              (g, t, i) -> i < 2 || (i >= 4 && i < 6) ? g : g + 8,
              (g, t, i) -> i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8,
              (g, t, i) -> i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8));
      out.add(
          new Shape(
              "m16n8k8",
              type,
              8,
              16,
              4,
              2,
              (g, t, i) -> i < 2 ? g : g + 8,
              (g, t, i) -> t * 2 + (i & 1),
              (g, t, i) -> t * 2 + i));
    }
    out.add(
        new Shape(
            "m16n8k8",
            "tf32",
            8,
            32,
            4,
            2,
            (g, t, i) -> i == 0 || i == 2 ? g : g + 8,
            (g, t, i) -> i < 2 ? t : t + 4,
            (g, t, i) -> i == 0 ? t : t + 4));
    out.add(
        new Shape(
            "m16n8k4",
            "tf32",
            4,
            32,
            2,
            1,
            (g, t, i) -> i == 0 ? g : g + 8,
            (g, t, i) -> t,
            (g, t, i) -> t));
    for (String type : new String[] {"e4m3", "e5m2", "s8", "u8"}) {
      out.add(
          new Shape(
              "m16n8k32",
              type,
              32,
              8,
              16,
              8,
              (g, t, i) -> i < 4 || (i >= 8 && i < 12) ? g : g + 8,
              (g, t, i) -> i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16,
              (g, t, i) -> i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16));
    }
    for (String type : new String[] {"s8", "u8"}) {
      out.add(
          new Shape(
              "m16n8k16",
              type,
              16,
              8,
              8,
              4,
              (g, t, i) -> i < 4 ? g : g + 8,
              (g, t, i) -> t * 4 + (i & 3),
              (g, t, i) -> t * 4 + (i & 3)));
    }
    return out.stream();
  }

  /** A product of 16×k by k×8 matrices plus C. */
  private static final class Case {
    private final int[][] a;
    private final int[][] b;
    private final int[][] c;

    Case(int[][] a, int[][] b, int[][] c) {
      this.a = a;
      this.b = b;
      this.c = c;
    }

    int[][] expected() {
      int[][] d = new int[16][8];
      for (int m = 0; m < 16; m++) {
        for (int n = 0; n < 8; n++) {
          d[m][n] = c[m][n];
          for (int k = 0; k < b.length; k++) {
            d[m][n] += a[m][k] * b[k][n];
          }
        }
      }
      return d;
    }
  }

  private static int[][] random(Random random, int rows, int columns) {
    int[][] m = new int[rows][columns];
    for (int[] row : m) {
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextInt(8);
      }
    }
    return m;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void everyElementIsWhereTheIsaSays(Shape shape) {
    Random random = new Random(17);
    List<Case> cases = new ArrayList<>();
    for (int i = 0; i < 16 * shape.k(); i++) {
      int[][] a = new int[16][shape.k()];
      a[i / shape.k()][i % shape.k()] = 1;
      cases.add(new Case(a, random(random, shape.k(), 8), random(random, 16, 8)));
    }
    for (int i = 0; i < shape.k() * 8; i++) {
      int[][] b = new int[shape.k()][8];
      b[i / 8][i % 8] = 1;
      cases.add(new Case(random(random, 16, shape.k()), b, random(random, 16, 8)));
    }
    cases.add(
        new Case(
            random(random, 16, shape.k()), random(random, shape.k(), 8), random(random, 16, 8)));
    check(shape, cases);
  }

  private static void check(Shape shape, List<Case> cases) {
    int registersA = shape.perA() * shape.bits() / 32;
    int registersB = shape.perB() * shape.bits() / 32;
    int total = registersA + registersB + 4;
    int[] in = new int[cases.size() * total * 32];
    for (int n = 0; n < cases.size(); n++) {
      for (int l = 0; l < 32; l++) {
        fill(shape, cases.get(n), l, in, n * total * 32 + l, registersA, registersB);
      }
    }
    int[] out = multiply(shape.opcode(), in, cases.size(), registersA, registersB);
    for (int n = 0; n < cases.size(); n++) {
      int[][] want = cases.get(n).expected();
      for (int l = 0; l < 32; l++) {
        for (int i = 0; i < 4; i++) {
          int row = (i < 2 ? l / 4 : l / 4 + 8);
          int column = l % 4 * 2 + (i & 1);
          int bits = out[(n * 4 + i) * 32 + l];
          int got = shape.opcode().contains("s32") ? bits : (int) Float.intBitsToFloat(bits);
          assertThat(got)
              .as("%s case %d, row %d, column %d", shape, n, row, column)
              .isEqualTo(want[row][column]);
        }
      }
    }
  }

  private static void fill(
      Shape s, Case c, int lane, int[] in, int at, int registersA, int registersB) {
    int g = lane / 4;
    int t = lane % 4;
    int per = 32 / s.bits();
    for (int i = 0; i < s.perA(); i++) {
      int value = s.code(c.a[s.rowA().of(g, t, i)][s.colA().of(g, t, i)]);
      in[at + i / per * 32] |= value << (i % per * s.bits());
    }
    for (int i = 0; i < s.perB(); i++) {
      int value = s.code(c.b[s.rowB().of(g, t, i)][g]);
      in[at + (registersA + i / per) * 32] |= value << (i % per * s.bits());
    }
    for (int i = 0; i < 4; i++) {
      int value = c.c[i < 2 ? g : g + 8][t * 2 + (i & 1)];
      in[at + (registersA + registersB + i) * 32] =
          s.opcode().contains("s32") ? value : Float.floatToRawIntBits(value);
    }
  }

  /** Runs one warp per case. */
  private static int[] multiply(
      String opcode, int[] in, int cases, int registersA, int registersB) {
    return multiply(Options.DEFAULT, opcode, in, cases, registersA, registersB);
  }

  private static int[] multiply(
      Options options, String opcode, int[] in, int cases, int registersA, int registersB) {
    int total = registersA + registersB + 4;
    StringBuilder text =
        new StringBuilder(
            "ld.param.u64 %rd1, [p0];\nld.param.u64 %rd2, [p1];\nmov.u32 %r50, %ctaid.x;\n");
    text.append("mov.u32 %r51, %tid.x;\nmul.lo.s32 %r52, %r50, ").append(total * 32);
    text.append(
        ";\nadd.s32 %r52, %r52, %r51;\nmul.wide.u32 %rd3, %r52, 4;\nadd.s64 %rd3, %rd1, %rd3;\n");
    for (int i = 0; i < total; i++) {
      text.append("ld.global.u32 %r").append(i).append(", [%rd3+").append(i * 128).append("];\n");
    }
    text.append(
        "mul.lo.s32 %r53, %r50, 128;\nadd.s32 %r53, %r53, %r51;\nmul.wide.u32 %rd4, %r53, 4;\n");
    text.append("add.s64 %rd4, %rd2, %rd4;\n").append(opcode).append(" {%r30, %r31, %r32, %r33}, ");
    text.append(list(0, registersA)).append(", ").append(list(registersA, registersB)).append(", ");
    text.append(list(registersA + registersB, 4)).append(";\n");
    for (int i = 0; i < 4; i++) {
      text.append("st.global.u32 [%rd4+")
          .append(i * 128)
          .append("], %r")
          .append(30 + i)
          .append(";\n");
    }
    SimDevice device = Kernels.device(options);
    long source = Kernels.upload(device, in);
    long target = device.allocate(cases * 4L * 32 * 4);
    Kernels.run(
        device, Kernels.module(2, text + "ret;"), LaunchConfig.of(cases, 32, 0), source, target);
    return Kernels.ints(device, target, cases * 4 * 32);
  }

  private static String list(int first, int count) {
    StringBuilder out = new StringBuilder("{");
    for (int i = 0; i < count; i++) {
      out.append(i == 0 ? "" : ", ").append("%r").append(first + i);
    }
    return out + "}";
  }

  @Test
  void theTruncatingAccumulatorLosesWhatTheExactOneKeeps() {
    // 256 + 31 · (1/32): the small products lie 13 bits below the large one.
    int one = ExactFormat.E4M3.code(1f, ExactFormat.Direction.ZERO, true);
    int big = ExactFormat.E4M3.code(256f, ExactFormat.Direction.ZERO, true);
    int small = ExactFormat.E4M3.code(0x1p-6f, ExactFormat.Direction.ZERO, true);
    int[] in = new int[10 * 32];
    for (int l = 0; l < 32; l++) {
      for (int i = 0; i < 4; i++) {
        in[i * 32 + l] = small * 0x01010101;
      }
      if (l % 4 == 0) {
        in[l] = small * 0x01010100 | big;
        in[32 + l] = in[l];
      }
      in[4 * 32 + l] = one * 0x01010101;
      in[5 * 32 + l] = in[4 * 32 + l];
    }
    String opcode = "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32";
    int[] exact = multiply(Options.DEFAULT, opcode, in, 1, 4, 2);
    int[] truncated =
        multiply(Options.DEFAULT.with(Accumulator.TRUNCATING_13_BIT), opcode, in, 1, 4, 2);
    assertThat(Float.intBitsToFloat(exact[0])).isEqualTo(256f + 31 * 0x1p-6f);
    assertThat(Float.intBitsToFloat(truncated[0])).isEqualTo(256f);
  }
}
