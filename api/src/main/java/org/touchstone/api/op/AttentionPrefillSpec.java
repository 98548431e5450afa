package org.touchstone.api.op;

import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;

/**
 * Attends over contiguous keys and values. Query head h uses key head {@code h / (heads /
 * kvHeads)}:
 *
 * <pre>
 * s_ij  = scale * q_i . k_j ; with softcap c: c tanh(s / c) ; masked: -Inf
 * o_i   = sum_j e^s_ij v_j / (sum_j e^s_ij [+ e^sink_h])
 * lse_i = ln sum_j e^s_ij                                    (natural, without the sink)
 * </pre>
 *
 * A query that sees no key gets o = 0 and lse = -Inf.
 *
 * @param dtype element type of q, k and v: F32 or BF16
 * @param output element type of o: F32 or BF16
 * @param heads query heads
 * @param kvHeads key heads; divides {@code heads}
 * @param headDim D, of queries and keys
 * @param valueDim Dv, of values and outputs
 * @param scale multiplier of the dot products
 * @param mask visible keys
 * @param softcap c, or 0 for none
 * @param sink whether each head has a sink logit
 * @param packing PADDED or VARLEN
 * @param numerics weakest accepted numerics
 */
public record AttentionPrefillSpec(
    DType dtype,
    DType output,
    long heads,
    long kvHeads,
    long headDim,
    long valueDim,
    float scale,
    AttentionMask mask,
    float softcap,
    Sink sink,
    Packing packing,
    Numerics numerics)
    implements OpSpec<AttentionPrefillArgs> {
  /** Whether each head has a learned logit that takes part in the denominator only. */
  public enum Sink {
    /** No sink. */
    NONE,
    /** One FP32 logit per head. */
    PER_HEAD
  }

  /** How sequences lie in the tensors. */
  public enum Packing {
    /** A batch of equally long sequences: [B, S, heads, D]. */
    PADDED,
    /** Sequences one after the other, [T, heads, D], bounded by cumulative lengths. */
    VARLEN
  }

  /** Checks types and ranges. */
  public AttentionPrefillSpec {
    checkHeads(
        Op.ATTENTION_PREFILL, dtype, output, heads, kvHeads, headDim, valueDim, scale, softcap);
  }

  /** Specifies causal grouped-query attention with the scale D^-0.5. */
  public static AttentionPrefillSpec causal(
      DType dtype, long heads, long kvHeads, long headDim, Packing packing) {
    return new AttentionPrefillSpec(
        dtype,
        dtype,
        heads,
        kvHeads,
        headDim,
        headDim,
        (float) (1 / Math.sqrt((double) headDim)),
        AttentionMask.CAUSAL,
        0,
        Sink.NONE,
        packing,
        Numerics.STANDARD);
  }

  static void checkHeads(
      Op op,
      DType dtype,
      DType output,
      long heads,
      long kvHeads,
      long headDim,
      long valueDim,
      float scale,
      float softcap) {
    Require.oneOf(op, "dtype", dtype, DType.F32, DType.BF16);
    Require.oneOf(op, "output", output, DType.F32, DType.BF16);
    Require.positive(op, "heads", heads);
    Require.positive(op, "kvHeads", kvHeads);
    Require.multiple(op, "heads", heads, "kvHeads", kvHeads);
    Require.positive(op, "headDim", headDim);
    Require.positive(op, "valueDim", valueDim);
    Require.finite(op, "scale", scale);
    Require.that(
        softcap >= 0 && Float.isFinite(softcap),
        op,
        "softcap is " + softcap + ", expected a finite number >= 0");
  }

  @Override
  public Op op() {
    return Op.ATTENTION_PREFILL;
  }

  @Override
  public Class<AttentionPrefillArgs> argsType() {
    return AttentionPrefillArgs.class;
  }

  @Override
  public Signature signature() {
    Dim queryHeads = Dim.of(heads);
    Dim keyHeads = Dim.of(kvHeads);
    if (packing == Packing.PADDED) {
      Dim batch = Dim.of("B");
      Dim queries = Dim.of("Sq");
      Dim keys = Dim.of("Sk");
      return Signature.of(op())
          .in("q", dtype, batch, queries, queryHeads, Dim.of(headDim))
          .in("k", dtype, batch, keys, keyHeads, Dim.of(headDim))
          .in("v", dtype, batch, keys, keyHeads, Dim.of(valueDim))
          .inIf(false, "cuSeqlensQ", DType.I32)
          .inIf(false, "cuSeqlensK", DType.I32)
          .inIf(sink == Sink.PER_HEAD, "sinks", DType.F32, queryHeads)
          .out("o", output, batch, queries, queryHeads, Dim.of(valueDim))
          .optionalOut("lse", DType.F32, batch, queries, queryHeads)
          .build();
    }
    Dim queries = Dim.of("Tq");
    Dim keys = Dim.of("Tk");
    Dim bounds = Dim.of("B").plus(1);
    return Signature.of(op())
        .in("q", dtype, queries, queryHeads, Dim.of(headDim))
        .in("k", dtype, keys, keyHeads, Dim.of(headDim))
        .in("v", dtype, keys, keyHeads, Dim.of(valueDim))
        .in("cuSeqlensQ", DType.I32, bounds)
        .in("cuSeqlensK", DType.I32, bounds)
        .inIf(sink == Sink.PER_HEAD, "sinks", DType.F32, queryHeads)
        .out("o", output, queries, queryHeads, Dim.of(valueDim))
        .optionalOut("lse", DType.F32, queries, queryHeads)
        .build();
  }
}
