package org.touchstone.api.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.ScaleMode;

/**
 * Quantises a weight to E4M3FN with one scale per {@code blockRows x blockColumns} tile; edge tiles
 * may be partial. The formula per tile is that of {@link QuantizeFp8GroupSpec}. Source: DeepGEMM
 * {@code deep_gemm/utils/math.py}.
 *
 * @param input F32 or BF16
 * @param rows N
 * @param columns K
 * @param blockRows rows per scale, usually 128
 * @param blockColumns columns per scale, usually 128
 * @param scaleMode FP32, or UE8M0_CEIL for powers of two
 * @param scaleDtype F32, or E8M0 (powers of two only)
 * @param amaxFloor smallest amax taken, at least 0
 */
public record QuantizeFp8BlockSpec(
    DType input,
    long rows,
    long columns,
    int blockRows,
    int blockColumns,
    ScaleMode scaleMode,
    DType scaleDtype,
    float amaxFloor)
    implements OpSpec<QuantizeFp8BlockArgs> {
  /** Checks types and ranges. */
  public QuantizeFp8BlockSpec {
    Op op = Op.QUANTIZE_FP8_BLOCK;
    requireScale(op, input, scaleMode, scaleDtype, amaxFloor);
    Require.positive(op, "rows", rows);
    Require.positive(op, "columns", columns);
    Require.positive(op, "blockRows", blockRows);
    Require.positive(op, "blockColumns", blockColumns);
  }

  /** Quantises in blocks of 128 x 128 with FP32 scales. */
  public static QuantizeFp8BlockSpec of(DType input, long rows, long columns) {
    return new QuantizeFp8BlockSpec(
        input,
        rows,
        columns,
        128,
        128,
        ScaleMode.FP32,
        DType.F32,
        QuantizeFp8GroupSpec.DEFAULT_AMAX_FLOOR);
  }

  static void requireScale(
      Op op, DType input, ScaleMode scaleMode, DType scaleDtype, float amaxFloor) {
    Require.oneOf(op, "input", input, DType.F32, DType.BF16);
    Require.oneOf(op, "scaleDtype", scaleDtype, DType.F32, DType.E8M0);
    Require.that(
        scaleMode == ScaleMode.FP32 || scaleMode == ScaleMode.UE8M0_CEIL,
        op,
        "scaleMode is " + scaleMode + ", expected FP32 or UE8M0_CEIL");
    Require.that(
        scaleDtype == DType.F32 || scaleMode == ScaleMode.UE8M0_CEIL,
        op,
        "an E8M0 scale holds powers of two only: use UE8M0_CEIL");
    Require.that(
        amaxFloor >= 0 && Float.isFinite(amaxFloor),
        op,
        "amaxFloor is " + amaxFloor + ", expected a finite number >= 0");
  }

  @Override
  public Op op() {
    return Op.QUANTIZE_FP8_BLOCK;
  }

  @Override
  public Class<QuantizeFp8BlockArgs> argsType() {
    return QuantizeFp8BlockArgs.class;
  }

  @Override
  public Signature signature() {
    return Signature.of(op())
        .in("w", input, Dim.of(rows), Dim.of(columns))
        .out("q", DType.E4M3FN, Dim.of(rows), Dim.of(columns))
        .out(
            "scale",
            scaleDtype,
            Dim.of(Math.ceilDiv(rows, blockRows)),
            Dim.of(Math.ceilDiv(columns, blockColumns)))
        .build();
  }
}
