package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link MoeAlignBlockSizeSpec}.
 *
 * @param indices I32 [T, k], expert of each slot or -1
 * @param sortedSlots I32 [T * k + E * (blockSize - 1)]
 * @param blockExperts I32, expert of each block; at least ceil(capacity of sortedSlots / blockSize)
 *     entries
 * @param paddedCount I32 [1], slots including padding
 */
public record MoeAlignBlockSizeArgs(
    Tensor indices, Tensor sortedSlots, Tensor blockExperts, Tensor paddedCount) implements Args {}
