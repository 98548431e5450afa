package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link GemmGroupedSpec}.
 *
 * @param a activations [P, K], or [E, P, K] when masked
 * @param b weights [E, N, K]
 * @param scaleA scales of A: [1], [P] or [P, ceil(K / 128)], with a leading E when masked (but [1]
 *     stays); null without scales
 * @param scaleB scales of B: [E], [E, N] or [E, ceil(N / 128), ceil(K / 128)]; null without scales
 * @param groups assignment of rows to experts, I32
 * @param c result [P, N], or [E, P, N] when masked
 */
public record GemmGroupedArgs(
    Tensor a, Tensor b, @Nullable Tensor scaleA, @Nullable Tensor scaleB, Tensor groups, Tensor c)
    implements Args {}
