package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link MlaDecodeAbsorbedSpec}.
 *
 * @param qNope queries without positions [B, Sq, heads, dn]
 * @param qRope rotated queries [B, Sq, heads, dr]
 * @param kvCache cached tokens [pages, page, dc + dr]
 * @param wKvb [heads * (dn + dv), dc]
 * @param blockTable I32 [B, maxPages]
 * @param seqLens I32 [B], keys of each sequence, the new ones included
 * @param o output [B, Sq, heads, dv]
 * @param lse F32 [B, Sq, heads]; may be null
 */
public record MlaDecodeAbsorbedArgs(
    Tensor qNope,
    Tensor qRope,
    Tensor kvCache,
    Tensor wKvb,
    Tensor blockTable,
    Tensor seqLens,
    Tensor o,
    @Nullable Tensor lse)
    implements Args {}
