package org.touchstone.tools.model.inference;

import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.tools.model.GqaAttention;
import org.touchstone.tools.model.Norm;

/** Grouped-query attention on the device. */
final class GqaBlock implements AttentionBlock {
  private final GqaAttention attention;
  private final Projection query;
  private final Projection key;
  private final Projection value;
  private final Tensor queryNorm;
  private final Tensor keyNorm;
  private final Projection out;

  private GqaBlock(GqaAttention attention, Weights weights) {
    this.attention = attention;
    this.query = Projection.load(attention.query(), weights);
    this.key = Projection.load(attention.key(), weights);
    this.value = Projection.load(attention.value(), weights);
    this.queryNorm = weights.tensor(attention.queryNorm().weight());
    this.keyNorm = weights.tensor(attention.keyNorm().weight());
    this.out = Projection.load(attention.out(), weights);
  }

  static GqaBlock load(GqaAttention attention, Weights weights) {
    return new GqaBlock(attention, weights);
  }

  @Override
  public Tensor record(Recorder recorder, LayerInputs inputs, int layer, Activation x) {
    long tokens = recorder.tokens();
    long dim = attention.headDim();
    Tensor queries =
        rotated(
            recorder,
            inputs,
            query.record(recorder, x, "q"),
            attention.heads(),
            attention.queryNorm(),
            queryNorm);
    Tensor keys =
        rotated(
            recorder,
            inputs,
            key.record(recorder, x, "k"),
            attention.kvHeads(),
            attention.keyNorm(),
            keyNorm);
    Tensor values = value.record(recorder, x, "v").reshape(tokens, attention.kvHeads(), dim);
    if (inputs.batch().cached()) {
      KvCache cache = inputs.requiredCache();
      recorder.add(
          attention.cacheWrite(),
          new KvCacheWriteArgs(
              keys, values, inputs.control().slots(), cache.keys(layer), cache.values(layer)));
    }
    Tensor mixed = recorder.scratch("attention", attention.out().input(), attention.heads() * dim);
    attend(recorder, inputs, layer, queries, keys, values, mixed);
    return out.record(recorder, new Activation("attention", mixed), "delta");
  }

  private Tensor rotated(
      Recorder recorder, LayerInputs inputs, Tensor rows, long heads, Norm norm, Tensor weight) {
    long tokens = recorder.tokens();
    long dim = attention.headDim();
    Tensor perHead = rows.reshape(tokens * heads, dim);
    recorder.add(
        norm.spec(DType.BF16, DType.BF16), new RmsNormArgs(perHead, weight, null, perHead));
    Tensor rotated = rows.reshape(tokens, heads, dim);
    recorder.add(
        attention.rope(heads), new RopeApplyArgs(rotated, inputs.cos(), inputs.sin(), rotated));
    return rotated;
  }

  private void attend(
      Recorder recorder,
      LayerInputs inputs,
      int layer,
      Tensor queries,
      Tensor keys,
      Tensor values,
      Tensor mixed) {
    long dim = attention.headDim();
    long heads = attention.heads();
    Control control = inputs.control();
    if (inputs.batch().attention() == Batch.Attending.CACHE) {
      KvCache cache = inputs.requiredCache();
      long sequences = inputs.batch().sequences();
      long perSequence = inputs.batch().tokensPerSequence();
      recorder.add(
          attention.decode(),
          new AttentionDecodePagedArgs(
              queries.reshape(sequences, perSequence, heads, dim),
              cache.keys(layer),
              cache.values(layer),
              control.table(),
              control.lengths(),
              null,
              mixed.reshape(sequences, perSequence, heads, dim),
              null));
    } else {
      recorder.add(
          attention.prefill(),
          new AttentionPrefillArgs(
              queries,
              keys,
              values,
              control.bounds(),
              control.bounds(),
              null,
              mixed.reshape(recorder.tokens(), heads, dim),
              null));
    }
  }
}
