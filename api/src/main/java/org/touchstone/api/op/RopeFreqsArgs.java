package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link RopeFreqsSpec}.
 *
 * @param positions I32 [T]
 * @param cos F32 [T, R/2]
 * @param sin F32 [T, R/2]
 */
public record RopeFreqsArgs(Tensor positions, Tensor cos, Tensor sin) implements Args {}
