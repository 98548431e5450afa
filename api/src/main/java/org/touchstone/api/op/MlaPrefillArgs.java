package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link MlaPrefillSpec}.
 *
 * @param qNope queries without positions [Tq, heads, dn]
 * @param qRope rotated queries [Tq, heads, dr]
 * @param latent normalised latents c [Tk, dc]
 * @param keyRope rotated keys [Tk, dr], shared by all heads
 * @param wKvb [heads * (dn + dv), dc]
 * @param cuSeqlensQ I32 [B + 1]
 * @param cuSeqlensK I32 [B + 1]
 * @param o output [Tq, heads, dv]
 * @param lse F32 [Tq, heads]; may be null
 */
public record MlaPrefillArgs(
    Tensor qNope,
    Tensor qRope,
    Tensor latent,
    Tensor keyRope,
    Tensor wKvb,
    Tensor cuSeqlensQ,
    Tensor cuSeqlensK,
    Tensor o,
    @Nullable Tensor lse)
    implements Args {}
