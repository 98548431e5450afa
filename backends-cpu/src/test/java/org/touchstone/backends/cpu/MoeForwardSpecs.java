package org.touchstone.backends.cpu;

import java.util.List;
import org.touchstone.api.Layout;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoeForwardSpec.SharedGate;
import org.touchstone.api.op.MoeForwardSpec.WeightOn;

/** Specs of {@code moe_forward} that tests share. */
final class MoeForwardSpecs {
  private MoeForwardSpecs() {}

  static MoeForwardSpec spec(
      GemmOperands operands,
      long[] dims,
      SharedGate gate,
      Activation activation,
      DType round,
      WeightOn weightOn,
      DType output) {
    DType input = operands == GemmOperands.F32 ? DType.F32 : DType.BF16;
    DType hidden = operands == GemmOperands.BF16 ? DType.BF16 : round;
    return new MoeForwardSpec(
        operands,
        dims[0],
        dims[1],
        dims[2],
        dims[3],
        dims[4],
        gate,
        activation,
        input,
        round,
        hidden,
        weightOn,
        output,
        Layout.PLAIN,
        Numerics.STANDARD);
  }

  /** Specs that together have every type, flag and activation; E, k, H, I and shared I are ugly. */
  static List<MoeForwardSpec> specs() {
    Activation swiglu = Activation.SWIGLU;
    Activation interleaved =
        new Activation(
            Activation.Kind.SWIGLU, Float.POSITIVE_INFINITY, Activation.GateLayout.INTERLEAVED);
    DType f32 = DType.F32;
    DType bf16 = DType.BF16;
    SharedGate none = SharedGate.NONE;
    SharedGate sigmoid = SharedGate.SIGMOID;
    WeightOn out = WeightOn.OUTPUT;
    WeightOn act = WeightOn.ACT_BEFORE_DOWN;
    GemmOperands fp8 = GemmOperands.FP8_BLOCK;
    return List.of(
        spec(GemmOperands.F32, new long[] {4, 2, 37, 19, 0}, none, swiglu, f32, out, f32),
        spec(GemmOperands.F32, new long[] {3, 1, 64, 130, 33}, sigmoid, swiglu, bf16, act, bf16),
        spec(
            GemmOperands.F32,
            new long[] {2, 2, 17, 5, 129},
            none,
            Activation.GEGLU_TANH,
            f32,
            out,
            f32),
        spec(GemmOperands.BF16, new long[] {5, 3, 130, 47, 20}, none, swiglu, bf16, out, bf16),
        spec(
            GemmOperands.BF16,
            new long[] {4, 2, 255, 64, 0},
            none,
            Activation.SWIGLU_OAI,
            f32,
            out,
            f32),
        spec(fp8, new long[] {16, 4, 192, 96, 96}, none, swiglu, bf16, out, bf16),
        spec(
            fp8,
            new long[] {3, 2, 257, 200, 96},
            sigmoid,
            Activation.SWIGLU_CLAMPED,
            f32,
            act,
            f32),
        spec(fp8, new long[] {2, 1, 129, 131, 0}, none, interleaved, bf16, act, f32),
        spec(fp8, new long[] {7, 2, 128, 128, 256}, sigmoid, interleaved, f32, out, bf16));
  }

  static MoeForwardSpec tiny(GemmOperands operands) {
    return spec(
        operands,
        new long[] {16, 4, 192, 96, 96},
        SharedGate.NONE,
        Activation.SWIGLU,
        operands == GemmOperands.F32 ? DType.F32 : DType.BF16,
        WeightOn.OUTPUT,
        operands == GemmOperands.F32 ? DType.F32 : DType.BF16);
  }
}
