package org.touchstone.tools.model.inference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * What every layer of a program reads beside its activation.
 *
 * @param batch the batch's shape
 * @param cos cosines of the positions, F32 [T, R/2]
 * @param sin sines of the positions, F32 [T, R/2]
 * @param control lengths, slots and block table
 * @param cache the cache, unless nothing is cached
 */
record LayerInputs(Batch batch, Tensor cos, Tensor sin, Control control, @Nullable KvCache cache) {
  KvCache requiredCache() {
    if (cache == null) {
      throw new IllegalStateException(batch + " needs a cache");
    }
    return cache;
  }
}
