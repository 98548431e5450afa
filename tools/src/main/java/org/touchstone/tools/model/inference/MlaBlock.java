package org.touchstone.tools.model.inference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillArgs;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.tools.model.Linear;
import org.touchstone.tools.model.MlaAttention;

/** Multi-head latent attention on the device. */
final class MlaBlock implements AttentionBlock {
  private final MlaAttention attention;
  private final @Nullable Projection lowRank;
  private final @Nullable Tensor lowRankNorm;
  private final Projection query;
  private final Projection latent;
  private final Tensor latentNorm;
  private final Tensor expand;
  private final Projection out;

  private MlaBlock(MlaAttention attention, Weights weights) {
    this.attention = attention;
    MlaAttention.LowRankQuery rank = attention.lowRank().orElse(null);
    this.lowRank = rank == null ? null : Projection.load(rank.project(), weights);
    this.lowRankNorm = rank == null ? null : weights.tensor(rank.norm().weight());
    this.query = Projection.load(attention.query(), weights);
    this.latent = Projection.load(attention.latent(), weights);
    this.latentNorm = weights.tensor(attention.latentNorm().weight());
    this.expand = expand(attention, weights);
    this.out = Projection.load(attention.out(), weights);
  }

  static MlaBlock load(MlaAttention attention, Weights weights) {
    return new MlaBlock(attention, weights);
  }

  private static Tensor expand(MlaAttention attention, Weights weights) {
    Linear expand = attention.expand();
    return expand
        .scale()
        .map(scale -> weights.dequantize(attention.dequantizeExpand(), expand.weight(), scale))
        .orElseGet(() -> weights.tensor(expand.weight()));
  }

  @Override
  public Tensor record(Recorder recorder, LayerInputs inputs, int layer, Activation x) {
    MlaDims dims = attention.dims();
    // The latent projection reads x too: recorded first, it shares x's quantised form.
    Tensor cached = latent.record(recorder, x, "kv");
    Tensor queries =
        query
            .record(recorder, queryInput(recorder, x), "q")
            .reshape(recorder.tokens(), dims.heads(), dims.nopeDim() + dims.ropeDim());
    recorder.add(
        attention.queryRope(), new RopeApplyArgs(queries, inputs.cos(), inputs.sin(), queries));

    Tensor latents = cached.slice(1, 0, dims.latentDim());
    recorder.add(
        attention.latentNorm().spec(DType.BF16, DType.BF16),
        new RmsNormArgs(latents, latentNorm, null, latents));
    Tensor keys = oneHead(cached.slice(1, dims.latentDim(), dims.cachedDim()));
    recorder.add(attention.keyRope(), new RopeApplyArgs(keys, inputs.cos(), inputs.sin(), keys));

    if (inputs.batch().cached()) {
      recorder.add(
          attention.cacheWrite(),
          new KvCacheWriteArgs(
              oneHead(latents),
              keys,
              inputs.control().slots(),
              inputs.requiredCache().latent(layer),
              null));
    }
    Tensor mixed =
        recorder.scratch("attention", attention.out().input(), dims.heads() * dims.valueDim());
    attend(recorder, inputs, layer, queries, cached, mixed);
    return out.record(recorder, new Activation("attention", mixed), "delta");
  }

  private Activation queryInput(Recorder recorder, Activation x) {
    if (lowRank == null || lowRankNorm == null) {
      return x;
    }
    DType type = attention.query().input();
    Tensor reduced = lowRank.record(recorder, x, "qa");
    Tensor normal = recorder.scratch("qa.norm", type, lowRank.linear().n());
    recorder.add(
        attention.lowRank().orElseThrow().norm().spec(DType.F32, type),
        new RmsNormArgs(reduced, lowRankNorm, null, normal));
    return new Activation("qa", normal);
  }

  private void attend(
      Recorder recorder,
      LayerInputs inputs,
      int layer,
      Tensor queries,
      Tensor cached,
      Tensor mixed) {
    MlaDims dims = attention.dims();
    long width = dims.nopeDim() + dims.ropeDim();
    Control control = inputs.control();
    if (inputs.batch().attention() == Batch.Attending.CACHE) {
      long sequences = inputs.batch().sequences();
      long perSequence = inputs.batch().tokensPerSequence();
      Tensor grouped = queries.reshape(sequences, perSequence, dims.heads(), width);
      recorder.add(
          attention.decode(),
          new MlaDecodeAbsorbedArgs(
              grouped.slice(3, 0, dims.nopeDim()),
              grouped.slice(3, dims.nopeDim(), width),
              inputs.requiredCache().latent(layer),
              expand,
              control.table(),
              control.lengths(),
              mixed.reshape(sequences, perSequence, dims.heads(), dims.valueDim()),
              null));
    } else {
      recorder.add(
          attention.prefill(),
          new MlaPrefillArgs(
              queries.slice(2, 0, dims.nopeDim()),
              queries.slice(2, dims.nopeDim(), width),
              cached.slice(1, 0, dims.latentDim()),
              cached.slice(1, dims.latentDim(), dims.cachedDim()),
              expand,
              control.bounds(),
              control.bounds(),
              mixed.reshape(recorder.tokens(), dims.heads(), dims.valueDim()),
              null));
    }
  }

  /** Views rows [T, D] as [T, 1, D]. */
  private static Tensor oneHead(Tensor rows) {
    return Tensor.of(
        rows.buffer(),
        rows.dtype(),
        Shape.of(rows.dim(0), 1, rows.dim(1)),
        Strides.of(rows.strides().step(0), rows.dim(1), 1),
        rows.byteOffset(),
        Layout.PLAIN);
  }
}
