package org.touchstone.api.op;

import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;

/**
 * Attends over a paged cache, for one or a few new queries per sequence; the formula is that of
 * {@link AttentionPrefillSpec}. Key j of sequence b lies at {@code cache[blockTable[b, j / page], j
 * % page]}. Query i of Sq has the position {@code seqLens[b] - Sq + i}. Table entries and cache
 * slots beyond a sequence's length are never read.
 *
 * @param dtype element type of q: F32 or BF16
 * @param cache element type of the caches: F32 or BF16
 * @param output element type of o: F32 or BF16
 * @param heads query heads
 * @param kvHeads key heads; divides {@code heads}
 * @param headDim D
 * @param valueDim Dv
 * @param pageSize tokens per page
 * @param scale multiplier of the dot products
 * @param mask visible keys
 * @param softcap c, or 0 for none
 * @param sink whether each head has a sink logit
 * @param numerics weakest accepted numerics
 */
public record AttentionDecodePagedSpec(
    DType dtype,
    DType cache,
    DType output,
    long heads,
    long kvHeads,
    long headDim,
    long valueDim,
    long pageSize,
    float scale,
    AttentionMask mask,
    float softcap,
    AttentionPrefillSpec.Sink sink,
    Numerics numerics)
    implements OpSpec<AttentionDecodePagedArgs> {
  /** Checks types and ranges. */
  public AttentionDecodePagedSpec {
    Op op = Op.ATTENTION_DECODE_PAGED;
    AttentionPrefillSpec.checkHeads(
        op, dtype, output, heads, kvHeads, headDim, valueDim, scale, softcap);
    Require.oneOf(op, "cache", cache, DType.F32, DType.BF16);
    Require.positive(op, "pageSize", pageSize);
  }

  /**
   * Specifies causal grouped-query attention with the scale D^-0.5, one element type throughout.
   */
  public static AttentionDecodePagedSpec causal(
      DType dtype, long heads, long kvHeads, long headDim, long pageSize) {
    return new AttentionDecodePagedSpec(
        dtype,
        dtype,
        dtype,
        heads,
        kvHeads,
        headDim,
        headDim,
        pageSize,
        (float) (1 / Math.sqrt((double) headDim)),
        AttentionMask.CAUSAL,
        0,
        AttentionPrefillSpec.Sink.NONE,
        Numerics.STANDARD);
  }

  @Override
  public Op op() {
    return Op.ATTENTION_DECODE_PAGED;
  }

  @Override
  public Class<AttentionDecodePagedArgs> argsType() {
    return AttentionDecodePagedArgs.class;
  }

  @Override
  public Signature signature() {
    Dim batch = Dim.of("B");
    Dim queries = Dim.of("Sq");
    Dim pages = Dim.of("pages");
    Dim page = Dim.of(pageSize);
    return Signature.of(op())
        .in("q", dtype, batch, queries, Dim.of(heads), Dim.of(headDim))
        .in("kCache", cache, pages, page, Dim.of(kvHeads), Dim.of(headDim))
        .dense()
        .in("vCache", cache, pages, page, Dim.of(kvHeads), Dim.of(valueDim))
        .dense()
        .in("blockTable", DType.I32, batch, Dim.of("maxPages"))
        .in("seqLens", DType.I32, batch)
        .inIf(sink == AttentionPrefillSpec.Sink.PER_HEAD, "sinks", DType.F32, Dim.of(heads))
        .out("o", output, batch, queries, Dim.of(heads), Dim.of(valueDim))
        .optionalOut("lse", DType.F32, batch, queries, Dim.of(heads))
        .build();
  }
}
