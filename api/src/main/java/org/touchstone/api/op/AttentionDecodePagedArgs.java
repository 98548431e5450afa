package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link AttentionDecodePagedSpec}.
 *
 * @param q queries [B, Sq, heads, D]
 * @param kCache keys [pages, page, kvHeads, D]
 * @param vCache values [pages, page, kvHeads, Dv]
 * @param blockTable I32 [B, maxPages]
 * @param seqLens I32 [B], keys of each sequence, the new ones included
 * @param sinks F32 [heads]; null without sinks
 * @param o output [B, Sq, heads, Dv]
 * @param lse F32 [B, Sq, heads]; may be null
 */
public record AttentionDecodePagedArgs(
    Tensor q,
    Tensor kCache,
    Tensor vCache,
    Tensor blockTable,
    Tensor seqLens,
    @Nullable Tensor sinks,
    Tensor o,
    @Nullable Tensor lse)
    implements Args {}
