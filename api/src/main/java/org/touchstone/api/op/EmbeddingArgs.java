package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link EmbeddingSpec}.
 *
 * @param ids I32 [T]
 * @param table [V, H]
 * @param y output [T, H]
 */
public record EmbeddingArgs(Tensor ids, Tensor table, Tensor y) implements Args {}
