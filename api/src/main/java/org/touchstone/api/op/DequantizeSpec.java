package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Multiplies codes by the scale of their block: {@code y = round(q * s)}, the exact product rounded
 * once.
 *
 * @param codes element type of q: an FP8 type or E2M1
 * @param columns row length K
 * @param blockRows rows per scale; 1 for per-row groups
 * @param blockColumns columns per scale
 * @param scaleDtype F32 or E8M0
 * @param output F32 or BF16
 */
public record DequantizeSpec(
    DType codes, long columns, long blockRows, long blockColumns, DType scaleDtype, DType output)
    implements OpSpec<DequantizeArgs> {
  /** Checks types and ranges. */
  public DequantizeSpec {
    Op op = Op.DEQUANTIZE;
    Require.oneOf(
        op, "codes", codes, DType.E4M3FN, DType.E5M2, DType.E4M3FNUZ, DType.E5M2FNUZ, DType.E2M1);
    Require.oneOf(op, "scaleDtype", scaleDtype, DType.F32, DType.E8M0);
    Require.oneOf(op, "output", output, DType.F32, DType.BF16);
    Require.positive(op, "columns", columns);
    Require.positive(op, "blockRows", blockRows);
    Require.positive(op, "blockColumns", blockColumns);
  }

  @Override
  public Op op() {
    return Op.DEQUANTIZE;
  }

  @Override
  public Class<DequantizeArgs> argsType() {
    return DequantizeArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("M");
    return Signature.of(op())
        .in("q", codes, rows, Dim.of(columns))
        .in(
            "scale",
            scaleDtype,
            rows.ceilDiv(blockRows),
            Dim.of(Math.ceilDiv(columns, blockColumns)))
        .out("y", output, rows, Dim.of(columns))
        .build();
  }
}
