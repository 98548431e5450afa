package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link GemmSpec}.
 *
 * @param a activations [M, K]
 * @param b weight [N, K]
 * @param scaleA scales of A: [1], [M] or [M, ceil(K / 128)]; null without scales
 * @param scaleB scales of B: [1], [N] or [ceil(N / 128), ceil(K / 128)]; null without scales
 * @param bias [N], or null
 * @param c result [M, N]
 */
public record GemmArgs(
    Tensor a,
    Tensor b,
    @Nullable Tensor scaleA,
    @Nullable Tensor scaleB,
    @Nullable Tensor bias,
    Tensor c)
    implements Args {
  /** Multiplies unscaled operands. */
  public static GemmArgs of(Tensor a, Tensor b, Tensor c) {
    return new GemmArgs(a, b, null, null, null, c);
  }

  /** Multiplies scaled operands. */
  public static GemmArgs scaled(Tensor a, Tensor scaleA, Tensor b, Tensor scaleB, Tensor c) {
    return new GemmArgs(a, b, scaleA, scaleB, null, c);
  }
}
