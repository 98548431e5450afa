package org.touchstone.api.op;

import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;

/**
 * Multi-head latent attention with expanded keys and values: {@code k_h = [W_UK_h c | kr]}, {@code
 * v_h = W_UV_h c}, then causal attention per head with {@code scale * (qn . k_nope + qr . kr)}; see
 * {@link AttentionPrefillSpec}. W_kvb holds, per head, dn rows of W_UK and then dv rows of W_UV.
 * Source: DeepSeek-V2 (arXiv 2405.04434).
 *
 * @param dtype element type of activations: F32 or BF16
 * @param weight element type of W_kvb: F32 or BF16
 * @param output element type of o: F32 or BF16
 * @param dims dimensions
 * @param scale multiplier of the dot products
 * @param mask visible keys
 * @param numerics weakest accepted numerics
 */
public record MlaPrefillSpec(
    DType dtype,
    DType weight,
    DType output,
    MlaDims dims,
    float scale,
    AttentionMask mask,
    Numerics numerics)
    implements OpSpec<MlaPrefillArgs> {
  /** Checks types and ranges. */
  public MlaPrefillSpec {
    check(Op.MLA_PREFILL, dtype, weight, output, scale);
  }

  /** Specifies causal attention in one element type. */
  public static MlaPrefillSpec causal(DType dtype, MlaDims dims, float scale) {
    return new MlaPrefillSpec(
        dtype, dtype, dtype, dims, scale, AttentionMask.CAUSAL, Numerics.STANDARD);
  }

  static void check(Op op, DType dtype, DType weight, DType output, float scale) {
    Require.oneOf(op, "dtype", dtype, DType.F32, DType.BF16);
    Require.oneOf(op, "weight", weight, DType.F32, DType.BF16);
    Require.oneOf(op, "output", output, DType.F32, DType.BF16);
    Require.finite(op, "scale", scale);
  }

  @Override
  public Op op() {
    return Op.MLA_PREFILL;
  }

  @Override
  public Class<MlaPrefillArgs> argsType() {
    return MlaPrefillArgs.class;
  }

  @Override
  public Signature signature() {
    Dim queries = Dim.of("Tq");
    Dim keys = Dim.of("Tk");
    Dim heads = Dim.of(dims.heads());
    Dim bounds = Dim.of("B").plus(1);
    return Signature.of(op())
        .in("qNope", dtype, queries, heads, Dim.of(dims.nopeDim()))
        .in("qRope", dtype, queries, heads, Dim.of(dims.ropeDim()))
        .in("latent", dtype, keys, Dim.of(dims.latentDim()))
        .in("keyRope", dtype, keys, Dim.of(dims.ropeDim()))
        .in("wKvb", weight, Dim.of(dims.expandedRows()), Dim.of(dims.latentDim()))
        .dense()
        .in("cuSeqlensQ", DType.I32, bounds)
        .in("cuSeqlensK", DType.I32, bounds)
        .out("o", output, queries, heads, Dim.of(dims.valueDim()))
        .optionalOut("lse", DType.F32, queries, heads)
        .build();
  }
}
