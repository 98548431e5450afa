package org.touchstone.backends.cpu.reference;

import java.util.Map;
import java.util.Optional;
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
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.SampleSpec;

/** The list of references, one line per operator. */
final class References {
  private static final Map<Class<? extends OpSpec<?>>, Reference<?, ?>> ALL =
      Map.ofEntries(
          Map.entry(QuantizeFp8GroupSpec.class, new QuantizeFp8GroupReference()),
          Map.entry(QuantizeFp8BlockSpec.class, new QuantizeFp8BlockReference()),
          Map.entry(DequantizeSpec.class, new DequantizeReference()),
          Map.entry(CastSpec.class, new CastReference()),
          Map.entry(AddSpec.class, new AddReference()),
          Map.entry(AttentionDecodePagedSpec.class, new AttentionDecodePagedReference()),
          Map.entry(AttentionPrefillSpec.class, new AttentionPrefillReference()),
          Map.entry(EmbeddingSpec.class, new EmbeddingReference()),
          Map.entry(FusedAddRmsNormSpec.class, new FusedAddRmsNormReference()),
          Map.entry(GatedActSpec.class, new GatedActReference()),
          Map.entry(GemmGroupedSpec.class, new GemmGroupedReference()),
          Map.entry(GemmSpec.class, new GemmReference()),
          Map.entry(KvCacheWriteSpec.class, new KvCacheWriteReference()),
          Map.entry(MlaDecodeAbsorbedSpec.class, new MlaDecodeAbsorbedReference()),
          Map.entry(MlaPrefillSpec.class, new MlaPrefillReference()),
          Map.entry(MoeAlignBlockSizeSpec.class, new MoeAlignBlockSizeReference()),
          Map.entry(MoeCombineSpec.class, new MoeCombineReference()),
          Map.entry(MoeForwardSpec.class, new MoeForwardReference()),
          Map.entry(MoePermuteSpec.class, new MoePermuteReference()),
          Map.entry(MoeRouteSpec.class, new MoeRouteReference()),
          Map.entry(RmsNormSpec.class, new RmsNormReference()),
          Map.entry(RopeApplySpec.class, new RopeApplyReference()),
          Map.entry(RopeFreqsSpec.class, new RopeFreqsReference()),
          Map.entry(SampleSpec.class, new SampleReference()));

  private References() {}

  /** Returns the reference of a spec's operator. */
  @SuppressWarnings("unchecked") // the map pairs each spec type with its own reference
  static <A extends Args> Optional<Reference<OpSpec<A>, A>> of(OpSpec<A> spec) {
    return Optional.ofNullable((Reference<OpSpec<A>, A>) ALL.get(spec.getClass()));
  }

  /** Returns whether an operator has a reference. */
  static boolean covers(Op op) {
    return ALL.containsKey(op.specType());
  }
}
