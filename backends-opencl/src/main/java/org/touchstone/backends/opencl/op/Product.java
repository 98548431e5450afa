package org.touchstone.backends.opencl.op;

import org.touchstone.api.Chain;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmGroupedSpec.Grouping;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.Op;
import org.touchstone.backends.opencl.Size;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.Launch;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;

/** The matrix product that operators share: {@code product.cl}. Thread-safe. */
final class Product implements AutoCloseable {
  private static final int VECTOR = 16;
  private static final int BLOCK = GemmOperands.BLOCK;

  /** Columns of K that a tile of the gpu variant takes at a time, as the kernel defines them. */
  private static final long DEPTH = 16;

  /** Rows that the cpu variant multiplies at once, with plain and with packed weights. */
  private static final int PLAIN_STEP = 3;

  private static final int PACKED_STEP = 6;

  private final OpenClKernel kernel;
  private final boolean cpu;
  private final boolean packed;
  private final int side;
  private final int rows;
  private final int panel;

  Product(Target target) {
    this(target, Layout.PLAIN);
  }

  /** Prepares a product with weights of a layout that {@link PackedWeights} reads. */
  Product(Target target, Layout layout) {
    cpu = target.isCpu();
    packed = !layout.plain();
    side = side(target);
    if (packed) {
      panel = BLOCK;
      rows = fitting(target, Size.PACKED_ROWS, PACKED_STEP, VECTOR, panel);
    } else if (cpu) {
      panel = target.tuning().value(Size.PRODUCT_PANEL);
      rows = fitting(target, Size.PRODUCT_ROWS, PLAIN_STEP, panel, panel);
    } else {
      panel = 4 * side;
      rows = 4 * side;
    }
    String name = packed ? "product_packed" : "product";
    kernel =
        target.kernel(
            name + ".cl",
            name,
            "-DSIDE=" + side,
            "-DROWS=" + rows,
            packed ? "-DPACKED=1" : "-DPANEL=" + panel,
            Operands.option(target));
  }

  /** Returns the rows of the largest tile that leaves a quarter of local memory to the driver. */
  private static int fitting(Target target, Size size, int step, int columns, int panel) {
    int rows = target.tuning().value(size);
    while (rows > step && localBytes(rows, columns, panel) > target.facts().localBytes() * 3 / 4) {
      rows = Math.max(step, rows / 2 / step * step);
    }
    return rows;
  }

  /** Returns the local memory of the cpu variant: rows of A, columns of B, sums and scales. */
  private static long localBytes(int rows, int columns, int panel) {
    return Float.BYTES
        * ((long) rows * BLOCK + (long) columns * BLOCK + (long) rows * panel + rows);
  }

  /** Returns the name of an operator's kernel. */
  static String name(Target target, Op op, Layout layout) {
    return target.kernelName(op) + (layout.plain() ? "" : ".packed");
  }

  private static int side(Target target) {
    int side = target.isCpu() ? 1 : target.tuning().value(Size.PRODUCT_SIDE);
    while ((long) side * side > target.facts().largestGroup()) {
      side /= 2;
    }
    return side;
  }

  /** Returns how the product adds up: blocks of 128 terms, in 8 lanes or one after the other. */
  static Chain chain(Target target, Layout layout) {
    return target.isCpu() && layout.plain()
        ? Chain.blocked(8, BLOCK, 3)
        : Chain.blocked(1, BLOCK, 0);
  }

  /** Scales of a product. */
  enum Scales {
    NONE(0),
    OF_SUM(1),
    OF_BLOCKS(2);

    /** As {@code product.cl} numbers it. */
    private final int number;

    Scales(int number) {
      this.number = number;
    }

    static Scales of(GemmOperands operands) {
      return switch (operands) {
        case F32, BF16 -> NONE;
        case FP8_TENSOR, FP8_CHANNEL -> OF_SUM;
        case FP8_BLOCK -> OF_BLOCKS;
      };
    }
  }

  /**
   * Which rows belong to which expert.
   *
   * @param mode number in {@code product.cl}
   * @param groups the assignment; no rows when every expert has all rows
   * @param experts number of experts
   * @param alignment of the start of each segment
   */
  record Assignment(int mode, Rows groups, long experts, long alignment) {
    private static final int LIMITED = 4;

    /** One matrix, or the same number of rows for each of several experts. */
    static Assignment dense(long experts) {
      return new Assignment(0, Rows.NONE, experts, 1);
    }

    static Assignment of(Grouping grouping, Rows groups, long experts, long alignment) {
      int mode =
          switch (grouping) {
            case CONTIGUOUS -> 1;
            case PSUM -> 2;
            case OFFSETS -> 3;
            case MASKED -> LIMITED;
          };
      return new Assignment(mode, groups, experts, alignment);
    }

    private long tiles(long m, long rows) {
      long tiles = Math.ceilDiv(m, rows);
      // An expert's last tile may be partly filled; every tile has a row.
      return mode == 2 || mode == 3 ? Math.min(m, tiles + experts) : tiles;
    }

    private long layers() {
      return mode == 0 || mode == LIMITED ? experts : 1;
    }
  }

  /**
   * The steps of C's rows.
   *
   * @param outer elements from one run of rows to the next
   * @param inner rows of a run
   */
  record Runs(long outer, long inner) {
    /** Rows that all lie one step apart. */
    static final Runs ONE = new Runs(0, Long.MAX_VALUE);
  }

  /**
   * What one launch multiplies.
   *
   * @param a rows of A
   * @param b rows of B
   * @param scaleA scales of A
   * @param scaleB scales of B
   * @param bias FP32, or no rows
   * @param c rows of C
   * @param runs how C's rows lie
   * @param map I32, the number of each row of A, or no rows
   * @param mapDivisor divisor of these numbers; 0 without a map
   * @param scales how scales apply
   * @param adds whether C is added to
   */
  record Factors(
      Rows a,
      Rows b,
      Rows scaleA,
      Rows scaleB,
      Rows bias,
      Rows c,
      Runs runs,
      Rows map,
      int mapDivisor,
      Scales scales,
      boolean adds) {
    /** Multiplies rows in their order. */
    static Factors of(Rows a, Rows scaleA, Rows b, Rows scaleB, Scales scales, Rows c) {
      return new Factors(a, b, scaleA, scaleB, Rows.NONE, c, Runs.ONE, Rows.NONE, 0, scales, false);
    }

    /** Returns these factors with rows of A that a map names. */
    Factors mapped(Rows rows, int divisor) {
      return new Factors(a, b, scaleA, scaleB, bias, c, runs, rows, divisor, scales, adds);
    }

    /** Returns these factors with C in runs of rows. */
    Factors inRuns(Runs other) {
      return new Factors(a, b, scaleA, scaleB, bias, c, other, map, mapDivisor, scales, adds);
    }
  }

  /** Enqueues {@code m} rows by {@code n} columns of {@code k} terms. */
  void run(BackendQueue queue, Factors f, Assignment assignment, long m, long n, long k) {
    if (m == 0 || n == 0) {
      return;
    }
    Launch launch = kernel.launch();
    f.a().give(launch);
    f.b().give(launch);
    f.scaleA().give(launch);
    f.scaleB().give(launch);
    f.bias().start(launch);
    f.c().give(launch).i64(f.runs().outer()).i64(f.runs().inner());
    assignment.groups().start(launch);
    f.map()
        .start(launch)
        .i32(TypeNumbers.of(f.a().type()))
        .i32(TypeNumbers.of(f.b().type()))
        .i32(TypeNumbers.of(f.c().type()))
        .i32(f.scales().number)
        .i32(f.bias() == Rows.NONE ? 0 : 1)
        .i32(f.adds() ? 1 : 0)
        .i32(assignment.mode())
        .i32(f.mapDivisor())
        .i32(Math.toIntExact(assignment.alignment()))
        .i64(assignment.experts())
        .i64(m)
        .i64(n)
        .i64(k);
    if (cpu) {
      launch
          .local((long) Float.BYTES * rows * BLOCK)
          .local((long) Float.BYTES * (packed ? VECTOR : panel) * BLOCK)
          .local((long) Float.BYTES * rows * panel)
          .local((long) Float.BYTES * rows);
    } else {
      launch.local(Float.BYTES * DEPTH * (rows + 1)).local(Float.BYTES * DEPTH * (panel + 1));
    }
    int group = cpu ? 1 : side * side;
    long panels = Math.ceilDiv(n, panel);
    long tiles = assignment.tiles(m, rows);
    launch.run(
        queue, new long[] {panels * group, tiles, assignment.layers()}, new long[] {group, 1, 1});
  }

  /** Gives a weight in the product's layout. */
  Rows weight(Tensor b) {
    return packed ? PackedWeights.rows(b) : Rows.of(b);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
