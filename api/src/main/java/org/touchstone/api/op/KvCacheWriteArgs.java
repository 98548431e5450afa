package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link KvCacheWriteSpec}.
 *
 * @param key new keys [T, kvHeads, keyDim]
 * @param value new values [T, kvHeads, valueDim]
 * @param slotMapping I64 [T]
 * @param keyCache [pages, page, kvHeads, keyDim], or [pages, page, keyDim + valueDim] when latent
 * @param valueCache [pages, page, kvHeads, valueDim]; null when latent
 */
public record KvCacheWriteArgs(
    Tensor key, Tensor value, Tensor slotMapping, Tensor keyCache, @Nullable Tensor valueCache)
    implements Args {}
