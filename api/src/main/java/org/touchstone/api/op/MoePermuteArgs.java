package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link MoePermuteSpec}.
 *
 * @param indices I32 [T, k], expert of each slot or -1
 * @param sortedSlots I32 [T * k], slot numbers in expert order, then -1
 * @param expertOffsets I32 [E + 1], first row of each expert; the last entry is the number of rows
 * @param positions I32 [T, k], row of each slot, -1 for dropped ones
 */
public record MoePermuteArgs(
    Tensor indices, Tensor sortedSlots, Tensor expertOffsets, Tensor positions) implements Args {}
