package org.touchstone.api.op;

import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;

/**
 * Multi-head latent attention over a paged latent cache with absorbed projections: {@code ql_h =
 * W_UK_h^T qn_h}, {@code s_j = scale (ql_h . c_j + qr_h . kr_j)}, {@code u_h = sum_j p_j c_j},
 * {@code o_h = W_UV_h u_h}. Equal to {@link MlaPrefillSpec} in exact arithmetic. A cached token is
 * [c | kr]. Source: DeepSeek-V2 (arXiv 2405.04434).
 *
 * @param dtype element type of queries: F32 or BF16
 * @param cache element type of the cache: F32 or BF16
 * @param weight element type of W_kvb: F32 or BF16
 * @param output element type of o: F32 or BF16
 * @param dims dimensions
 * @param pageSize tokens per page
 * @param scale multiplier of the dot products
 * @param mask visible keys
 * @param numerics weakest accepted numerics
 */
public record MlaDecodeAbsorbedSpec(
    DType dtype,
    DType cache,
    DType weight,
    DType output,
    MlaDims dims,
    long pageSize,
    float scale,
    AttentionMask mask,
    Numerics numerics)
    implements OpSpec<MlaDecodeAbsorbedArgs> {
  /** Checks types and ranges. */
  public MlaDecodeAbsorbedSpec {
    MlaPrefillSpec.check(Op.MLA_DECODE_ABSORBED, dtype, weight, output, scale);
    Require.oneOf(Op.MLA_DECODE_ABSORBED, "cache", cache, DType.F32, DType.BF16);
    Require.positive(Op.MLA_DECODE_ABSORBED, "pageSize", pageSize);
  }

  /** Specifies causal attention in one element type. */
  public static MlaDecodeAbsorbedSpec causal(
      DType dtype, MlaDims dims, long pageSize, float scale) {
    return new MlaDecodeAbsorbedSpec(
        dtype, dtype, dtype, dtype, dims, pageSize, scale, AttentionMask.CAUSAL, Numerics.STANDARD);
  }

  @Override
  public Op op() {
    return Op.MLA_DECODE_ABSORBED;
  }

  @Override
  public Class<MlaDecodeAbsorbedArgs> argsType() {
    return MlaDecodeAbsorbedArgs.class;
  }

  @Override
  public Signature signature() {
    Dim batch = Dim.of("B");
    Dim queries = Dim.of("Sq");
    Dim heads = Dim.of(dims.heads());
    return Signature.of(op())
        .in("qNope", dtype, batch, queries, heads, Dim.of(dims.nopeDim()))
        .in("qRope", dtype, batch, queries, heads, Dim.of(dims.ropeDim()))
        .in("kvCache", cache, Dim.of("pages"), Dim.of(pageSize), Dim.of(dims.cachedDim()))
        .dense()
        .in("wKvb", weight, Dim.of(dims.expandedRows()), Dim.of(dims.latentDim()))
        .dense()
        .in("blockTable", DType.I32, batch, Dim.of("maxPages"))
        .in("seqLens", DType.I32, batch)
        .out("o", output, batch, queries, heads, Dim.of(dims.valueDim()))
        .optionalOut("lse", DType.F32, batch, queries, heads)
        .build();
  }
}
