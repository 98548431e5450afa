package org.touchstone.backends.cuda.op;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;

/**
 * The table of tensor-core tiles: what a block makes, how many steps it keeps in flight, and from
 * which shared-memory budget on it is taken. Budgets per block: 99 KiB on sm_89 and sm_120, 163 KiB
 * on sm_80, 227 KiB on sm_90 and sm_100.
 */
enum TensorCoreTile {
  /** Three steps in flight, 72 KiB. */
  STEPS_3(64, 128, 128, 3, 75 << 10),
  /**
   * Four steps in flight, 96 KiB, where a second block still fits beside it or the first is alone.
   */
  STEPS_4(64, 128, 128, 4, 160 << 10);

  private static final int ROW_BYTES = 128;

  private final int rows;
  private final int columns;
  private final int threads;
  private final int steps;
  private final int budget;

  TensorCoreTile(int rows, int columns, int threads, int steps, int budget) {
    this.rows = rows;
    this.columns = columns;
    this.threads = threads;
    this.steps = steps;
    this.budget = budget;
  }

  /** Returns the tile for a device; none for operands that tensor cores do not take exactly. */
  static Optional<TensorCoreTile> of(GemmOperands operands, CudaContext context) {
    if (operands == GemmOperands.F32) {
      return Optional.empty();
    }
    return Arrays.stream(values())
        .filter(tile -> tile.budget <= context.sharedPerBlock())
        .max(Comparator.comparingInt(tile -> tile.steps));
  }

  /**
   * Returns what the kernel declares: sums of one step, 128 codes or 64 BF16 numbers, promoted into
   * FP32 one after the other.
   */
  static KernelTraits traits(GemmOperands operands, CudaContext context) {
    KernelTraits traits = Launches.traits(context);
    if (operands == GemmOperands.BF16) {
      return traits.with(Chain.blocked(1, ROW_BYTES / 2, 0));
    }
    KernelTraits blocked = traits.with(Chain.blocked(1, ROW_BYTES, 0));
    return context.multipliesE4m3() ? blocked.with(Accumulator.F32_PROMOTED_EVERY_128) : blocked;
  }

  CudaFunction load(GemmOperands operands, CudaContext context) {
    String type = operands == GemmOperands.BF16 ? "bf16" : "fp8";
    return context.function("gemm_mma", "ts_gemm_mma_" + type + "_s" + steps, sharedBytes());
  }

  /** Returns the kernel's name for receipts. */
  String label() {
    return "mma.m" + rows + "n" + columns + "s" + steps;
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  int threads() {
    return threads;
  }

  int sharedBytes() {
    return steps * (rows + columns) * ROW_BYTES;
  }
}
