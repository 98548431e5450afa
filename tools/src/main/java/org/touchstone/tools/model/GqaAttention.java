package org.touchstone.tools.model;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeFreqsSpec;

/**
 * Grouped-query attention with normalised queries and keys, rotary pairs NEOX.
 *
 * @param heads query heads
 * @param kvHeads key heads
 * @param headDim elements per head
 * @param query [heads * headDim, H]
 * @param key [kvHeads * headDim, H]
 * @param value [kvHeads * headDim, H]
 * @param queryNorm normalisation of each query head
 * @param keyNorm normalisation of each key head
 * @param out output projection [H, heads * headDim]
 * @param ropeFreqs rotary positions
 */
public record GqaAttention(
    long heads,
    long kvHeads,
    long headDim,
    Linear query,
    Linear key,
    Linear value,
    Norm queryNorm,
    Norm keyNorm,
    Linear out,
    RopeFreqsSpec ropeFreqs)
    implements Attention {
  @Override
  public DType input() {
    return Linear.commonInput(List.of(query, key, value));
  }

  /** Returns the rotation of queries, or of keys. */
  public RopeApplySpec rope(long count) {
    return RopeApplySpec.of(DType.BF16, count, headDim, headDim, RopeApplySpec.Pairing.NEOX);
  }

  /** Returns attention over the tokens of one batch. */
  public AttentionPrefillSpec prefill() {
    return new AttentionPrefillSpec(
        DType.BF16,
        out.input(),
        heads,
        kvHeads,
        headDim,
        headDim,
        scale(),
        AttentionMask.CAUSAL,
        0,
        AttentionPrefillSpec.Sink.NONE,
        AttentionPrefillSpec.Packing.VARLEN,
        Numerics.STANDARD);
  }

  /** Returns attention over the cache. */
  public AttentionDecodePagedSpec decode() {
    return new AttentionDecodePagedSpec(
        DType.BF16,
        DType.BF16,
        out.input(),
        heads,
        kvHeads,
        headDim,
        headDim,
        PAGE_SIZE,
        scale(),
        AttentionMask.CAUSAL,
        0,
        AttentionPrefillSpec.Sink.NONE,
        Numerics.STANDARD);
  }

  private float scale() {
    return (float) (1 / Math.sqrt((double) headDim));
  }

  @Override
  public KvCacheWriteSpec cacheWrite() {
    return new KvCacheWriteSpec(
        KvCacheWriteSpec.Kind.SEPARATE,
        DType.BF16,
        DType.BF16,
        kvHeads,
        headDim,
        headDim,
        PAGE_SIZE);
  }

  @Override
  public List<OpSpec<?>> specs() {
    List<OpSpec<?>> specs = new ArrayList<>(query.specs());
    specs.addAll(key.specs());
    specs.addAll(value.specs());
    specs.addAll(
        List.of(
            queryNorm.spec(DType.BF16, DType.BF16),
            keyNorm.spec(DType.BF16, DType.BF16),
            ropeFreqs,
            rope(heads),
            rope(kvHeads),
            cacheWrite(),
            prefill(),
            decode()));
    specs.addAll(out.specs());
    return specs;
  }
}
