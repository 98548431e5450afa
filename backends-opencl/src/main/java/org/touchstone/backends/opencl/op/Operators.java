package org.touchstone.backends.opencl.op;

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
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.Plan;

/** Picks the class that answers for an operator. Thread-safe. */
public final class Operators {
  private final Target target;

  /** Creates the operators of a device. */
  public Operators(Target target) {
    this.target = target;
  }

  /** Says whether and how a spec runs. */
  @SuppressWarnings("unchecked") // each case answers for its own spec's arguments
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return (Plan<A>) planOf(spec);
  }

  private Plan<?> planOf(OpSpec<?> spec) {
    return switch (spec) {
      case AddSpec s -> AddOperator.plan(s, target);
      case AttentionDecodePagedSpec s -> AttentionDecodePagedOperator.plan(s, target);
      case AttentionPrefillSpec s -> AttentionPrefillOperator.plan(s, target);
      case CastSpec s -> CastOperator.plan(s, target);
      case DequantizeSpec s -> DequantizeOperator.plan(s, target);
      case EmbeddingSpec s -> EmbeddingOperator.plan(s, target);
      case FusedAddRmsNormSpec s -> FusedAddRmsNormOperator.plan(s, target);
      case GatedActSpec s -> GatedActOperator.plan(s, target);
      case GemmGroupedSpec s -> GemmGroupedOperator.plan(s, target);
      case GemmSpec s -> GemmOperator.plan(s, target);
      case KvCacheWriteSpec s -> KvCacheWriteOperator.plan(s, target);
      case MlaDecodeAbsorbedSpec s -> MlaDecodeAbsorbedOperator.plan(s, target);
      case MlaPrefillSpec s -> MlaPrefillOperator.plan(s, target);
      case MoeAlignBlockSizeSpec s -> MoeAlignBlockSizeOperator.plan(s, target);
      case MoeCombineSpec s -> MoeCombineOperator.plan(s, target);
      case MoeForwardSpec s -> MoeForwardOperator.plan(s, target);
      case MoePermuteSpec s -> MoePermuteOperator.plan(s, target);
      case MoeRouteSpec s -> MoeRouteOperator.plan(s, target);
      case QuantizeFp8BlockSpec s -> QuantizeFp8BlockOperator.plan(s, target);
      case QuantizeFp8GroupSpec s -> QuantizeFp8GroupOperator.plan(s, target);
      case RmsNormSpec s -> RmsNormOperator.plan(s, target);
      case RopeApplySpec s -> RopeApplyOperator.plan(s, target);
      case RopeFreqsSpec s -> RopeFreqsOperator.plan(s, target);
      case SampleSpec s -> SampleOperator.plan(s, target);
    };
  }
}
