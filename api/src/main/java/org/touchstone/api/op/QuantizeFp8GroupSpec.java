package org.touchstone.api.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.ScaleMode;

/**
 * Quantises each group of {@code group} consecutive elements of a row to E4M3FN: {@code a =
 * max(amaxFloor, max|x|)}, {@code s = a / 448} (for UE8M0 rounded up to a power of two), {@code q =
 * sat(x / s)}. The last group of a row may be partial. Source: DeepSeek-V3 {@code
 * inference/kernel.py}.
 *
 * <p>A NaN in a group gives s = NaN and q = 0x7F throughout; an Inf gives s = Inf, q = 0x7F for the
 * Inf and 0 for the rest. With an E8M0 scale both give the code 0xFF and q = 0.
 *
 * @param input F32 or BF16
 * @param columns row length K
 * @param group elements per scale
 * @param scaleMode FP32, or UE8M0_CEIL for powers of two
 * @param scaleDtype F32, or E8M0 (powers of two only)
 * @param amaxFloor smallest amax taken, at least 0
 */
public record QuantizeFp8GroupSpec(
    DType input, long columns, int group, ScaleMode scaleMode, DType scaleDtype, float amaxFloor)
    implements OpSpec<QuantizeFp8GroupArgs> {
  /** The floor that published stacks use. */
  public static final float DEFAULT_AMAX_FLOOR = 1e-4f;

  /** Checks types and ranges. */
  public QuantizeFp8GroupSpec {
    Op op = Op.QUANTIZE_FP8_GROUP;
    QuantizeFp8BlockSpec.requireScale(op, input, scaleMode, scaleDtype, amaxFloor);
    Require.positive(op, "columns", columns);
    Require.positive(op, "group", group);
  }

  /** Quantises in groups of 128 with FP32 scales. */
  public static QuantizeFp8GroupSpec of(DType input, long columns) {
    return new QuantizeFp8GroupSpec(
        input, columns, 128, ScaleMode.FP32, DType.F32, DEFAULT_AMAX_FLOOR);
  }

  @Override
  public Op op() {
    return Op.QUANTIZE_FP8_GROUP;
  }

  @Override
  public Class<QuantizeFp8GroupArgs> argsType() {
    return QuantizeFp8GroupArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("M");
    return Signature.of(op())
        .in("x", input, rows, Dim.of(columns))
        .out("q", DType.E4M3FN, rows, Dim.of(columns))
        .out("scale", scaleDtype, rows, Dim.of(Math.ceilDiv(columns, group)))
        .build();
  }
}
