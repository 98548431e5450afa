package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.spi.Plan;

/** The operators of GPUs. */
public final class CudaOperators {
  private CudaOperators() {}

  /** Says whether and how a spec runs. */
  @SuppressWarnings("unchecked") // each case answers for its own spec's arguments
  public static <A extends Args> Plan<A> plan(OpSpec<A> spec, CudaContext context) {
    return (Plan<A>) planOf(spec, context);
  }

  private static Plan<?> planOf(OpSpec<?> spec, CudaContext context) {
    return switch (spec) {
      case AddSpec s -> AddKernel.plan(s, context);
      case AttentionDecodePagedSpec s -> AttentionDecodePagedKernel.plan(s, context);
      case AttentionPrefillSpec s -> AttentionPrefillKernel.plan(s, context);
      case CastSpec s -> CastKernel.plan(s, context);
      case DequantizeSpec s -> DequantizeKernel.plan(s, context);
      case EmbeddingSpec s -> EmbeddingKernel.plan(s, context);
      case FusedAddRmsNormSpec s -> FusedAddRmsNormKernel.plan(s, context);
      case GatedActSpec s -> GatedActKernel.plan(s, context);
      case GemmGroupedSpec s -> GemmGroupedKernel.plan(s, context);
      case GemmSpec s -> GemmKernel.plan(s, context);
      case KvCacheWriteSpec s -> KvCacheWriteKernel.plan(s, context);
      case MlaDecodeAbsorbedSpec s -> MlaDecodeAbsorbedKernel.plan(s, context);
      case MlaPrefillSpec s -> MlaPrefillKernel.plan(s, context);
      case MoeAlignBlockSizeSpec s -> MoeAlignBlockSizeKernel.plan(s, context);
      case MoeCombineSpec s -> MoeCombineKernel.plan(s, context);
      case MoeForwardSpec s -> MoeForwardKernel.plan(s, context);
      case MoePermuteSpec s -> MoePermuteKernel.plan(s, context);
      case MoeRouteSpec s -> MoeRouteKernel.plan(s, context);
      case QuantizeFp8BlockSpec s -> QuantizeFp8BlockKernel.plan(s, context);
      case QuantizeFp8GroupSpec s -> QuantizeFp8GroupKernel.plan(s, context);
      case RmsNormSpec s -> RmsNormKernel.plan(s, context);
      case RopeApplySpec s -> RopeApplyKernel.plan(s, context);
      case RopeFreqsSpec s -> RopeFreqsKernel.plan(s, context);
      case SampleSpec s -> SampleKernel.plan(s, context);
    };
  }
}
