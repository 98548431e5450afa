package org.touchstone.api.op;

import org.touchstone.api.HalException;
import org.touchstone.api.Numerics;

/**
 * What a kernel is compiled for: an immutable record, validated in its constructor. Sizes that vary
 * per launch are not here; they follow from the tensors in the arguments.
 *
 * @param <A> the operator's arguments
 */
public sealed interface OpSpec<A extends Args>
    permits AddSpec,
        AttentionDecodePagedSpec,
        AttentionPrefillSpec,
        CastSpec,
        DequantizeSpec,
        EmbeddingSpec,
        FusedAddRmsNormSpec,
        GatedActSpec,
        GemmGroupedSpec,
        GemmSpec,
        KvCacheWriteSpec,
        MlaDecodeAbsorbedSpec,
        MlaPrefillSpec,
        MoeAlignBlockSizeSpec,
        MoeCombineSpec,
        MoeForwardSpec,
        MoePermuteSpec,
        MoeRouteSpec,
        QuantizeFp8BlockSpec,
        QuantizeFp8GroupSpec,
        RmsNormSpec,
        RopeApplySpec,
        RopeFreqsSpec,
        SampleSpec {
  /** Returns the operator. */
  Op op();

  /** Returns the record type of the arguments. */
  Class<A> argsType();

  /** Returns the tensors and their rules. */
  Signature signature();

  /** Returns the weakest numerics that the caller accepts. */
  default Numerics numerics() {
    return Numerics.STANDARD;
  }

  /**
   * Checks what shapes alone do not say.
   *
   * @param extents the launch-time sizes
   * @throws HalException when a combination of sizes is not legal
   */
  default void check(Extents extents) {}
}
