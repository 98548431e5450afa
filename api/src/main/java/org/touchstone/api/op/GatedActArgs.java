package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link GatedActSpec}.
 *
 * @param h fused gate and up [T, 2I]
 * @param a output [T, I]
 */
public record GatedActArgs(Tensor h, Tensor a) implements Args {}
