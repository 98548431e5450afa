package org.touchstone.tools.model;

import java.util.List;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.RopeFreqsSpec;

/** The first half of a decoder layer. Queries, keys and values are BF16. */
public sealed interface Attention permits MlaAttention, GqaAttention {
  /** Tokens per page of the cache. */
  long PAGE_SIZE = 64;

  /** Returns the element type of the normalised input. */
  DType input();

  /** Returns the rotary positions' operator. */
  RopeFreqsSpec ropeFreqs();

  /** Returns the operator that writes the cache. */
  KvCacheWriteSpec cacheWrite();

  /** Returns the output projection. */
  Linear out();

  /** Returns every operator that it needs. */
  List<OpSpec<?>> specs();
}
