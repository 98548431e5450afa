package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link MoeForwardSpec}. Taps are optional outputs; asking for them changes no bit of
 * y.
 *
 * @param x input [T, H]
 * @param indices I32 [T, k], expert of each slot or -1
 * @param weights F32 [T, k]
 * @param w1 gate and up [E, 2I, H]
 * @param w1Scale F32 [E, ceil(2I / 128), ceil(H / 128)]; null without scales
 * @param w2 down [E, H, I]
 * @param w2Scale F32 [E, ceil(H / 128), ceil(I / 128)]; null without scales
 * @param sharedW1 [2Is, H]; null without a shared expert
 * @param sharedW1Scale F32 [ceil(2Is / 128), ceil(H / 128)], or null
 * @param sharedW2 [H, Is], or null
 * @param sharedW2Scale F32 [ceil(H / 128), ceil(Is / 128)], or null
 * @param sharedGate F32 [H], or null
 * @param y output [T, H]
 * @param hiddenTap activations as they enter the down projection [T, k, I]: codes for FP8 weights;
 *     0 for skipped slots; may be null
 * @param hiddenScaleTap F32 scales of the codes [T, k, ceil(I / 128)]; 0 for skipped slots and
 *     without scales; may be null
 */
public record MoeForwardArgs(
    Tensor x,
    Tensor indices,
    Tensor weights,
    Tensor w1,
    @Nullable Tensor w1Scale,
    Tensor w2,
    @Nullable Tensor w2Scale,
    @Nullable Tensor sharedW1,
    @Nullable Tensor sharedW1Scale,
    @Nullable Tensor sharedW2,
    @Nullable Tensor sharedW2Scale,
    @Nullable Tensor sharedGate,
    Tensor y,
    @Nullable Tensor hiddenTap,
    @Nullable Tensor hiddenScaleTap)
    implements Args {}
