package org.touchstone.tools.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeFreqsSpec;

/**
 * Multi-head latent attention. The projection {@code kv_b} takes part inside the attention
 * operators as a BF16 tensor; an FP8 one is dequantised once, when the model is loaded, as
 * DeepSeek-V3's {@code inference/model.py} does.
 *
 * @param dims dimensions
 * @param lowRank low-rank query projection and its normalisation, unless the query is direct
 * @param query projection to the queries: [heads * (dn + dr), q_lora_rank or H]
 * @param latent projection to latent and rotary key: [dc + dr, H]
 * @param latentNorm normalisation of the latent part
 * @param expand projection of the latent to keys and values: [heads * (dn + dv), dc]
 * @param out output projection [H, heads * dv]
 * @param ropeFreqs rotary positions
 * @param pairing which elements of the rotary part form a pair
 * @param scale multiplier of the attention scores
 */
public record MlaAttention(
    MlaDims dims,
    Optional<LowRankQuery> lowRank,
    Linear query,
    Linear latent,
    Norm latentNorm,
    Linear expand,
    Linear out,
    RopeFreqsSpec ropeFreqs,
    RopeApplySpec.Pairing pairing,
    float scale)
    implements Attention {
  /**
   * Low-rank query projection.
   *
   * @param project [q_lora_rank, H]
   * @param norm normalisation of the result
   */
  public record LowRankQuery(Linear project, Norm norm) {}

  @Override
  public DType input() {
    return Linear.commonInput(List.of(lowRank.map(LowRankQuery::project).orElse(query), latent));
  }

  /** Returns the rotation of the queries' rotary part. */
  public RopeApplySpec queryRope() {
    return new RopeApplySpec(
        DType.BF16,
        dims.heads(),
        dims.nopeDim() + dims.ropeDim(),
        dims.ropeDim(),
        dims.nopeDim(),
        pairing,
        RopeApplySpec.Direction.FORWARD);
  }

  /** Returns the rotation of the shared key. */
  public RopeApplySpec keyRope() {
    return RopeApplySpec.of(DType.BF16, 1, dims.ropeDim(), dims.ropeDim(), pairing);
  }

  /** Returns attention over the tokens of one batch. */
  public MlaPrefillSpec prefill() {
    return new MlaPrefillSpec(
        DType.BF16, DType.BF16, out.input(), dims, scale, AttentionMask.CAUSAL, Numerics.STANDARD);
  }

  /** Returns attention over the cache. */
  public MlaDecodeAbsorbedSpec decode() {
    return new MlaDecodeAbsorbedSpec(
        DType.BF16,
        DType.BF16,
        DType.BF16,
        out.input(),
        dims,
        PAGE_SIZE,
        scale,
        AttentionMask.CAUSAL,
        Numerics.STANDARD);
  }

  @Override
  public KvCacheWriteSpec cacheWrite() {
    return new KvCacheWriteSpec(
        KvCacheWriteSpec.Kind.LATENT,
        DType.BF16,
        DType.BF16,
        1,
        dims.latentDim(),
        dims.ropeDim(),
        PAGE_SIZE);
  }

  /** Returns the dequantisation of {@link #expand}. */
  public DequantizeSpec dequantizeExpand() {
    return new DequantizeSpec(
        DType.E4M3FN, expand.k(), GemmOperands.BLOCK, GemmOperands.BLOCK, DType.F32, DType.BF16);
  }

  @Override
  public List<OpSpec<?>> specs() {
    List<OpSpec<?>> specs = new ArrayList<>();
    lowRank.ifPresent(
        rank -> {
          specs.addAll(rank.project().specs());
          specs.add(rank.norm().spec(DType.F32, query.input()));
        });
    specs.addAll(query.specs());
    specs.addAll(latent.specs());
    specs.add(latentNorm.spec(DType.BF16, DType.BF16));
    if (expand.quantized()) {
      specs.add(dequantizeExpand());
    }
    specs.addAll(List.of(ropeFreqs, queryRope(), keyRope(), cacheWrite(), prefill(), decode()));
    specs.addAll(out.specs());
    return specs;
  }
}
