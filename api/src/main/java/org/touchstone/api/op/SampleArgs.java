package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link SampleSpec}.
 *
 * @param logits F32 [T, V]
 * @param uniform F32 [T], each in [0, 1); null at temperature 0
 * @param ids I32 [T]
 */
public record SampleArgs(Tensor logits, @Nullable Tensor uniform, Tensor ids) implements Args {}
