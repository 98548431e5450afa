package org.touchstone.api.op;

import org.touchstone.api.Layout;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;

/**
 * Runs the chosen experts of every token and adds up their weighted outputs, for token t and slot j
 * with expert {@code e = indices[t,j] >= 0}:
 *
 * <pre>
 * h   = gateUp(x_t W1[e]^T)                 rounded to the type gateUp
 * a   = hidden(act(h))                      with WeightOn.ACT_BEFORE_DOWN: hidden(weights[t,j] act(h))
 * o   = a W2[e]^T                           FP32
 * y_t = round(sum_j weights[t,j] o (+ sharedScale_t shared(x_t)))
 * </pre>
 *
 * With FP8_BLOCK weights x and a are quantised to E4M3FN in groups of 128 with FP32 scales (floor
 * 1e-4, see {@link QuantizeFp8GroupSpec}) before each product; a is rounded to the type {@code
 * hidden} first. The shared expert is a dense MLP of the same arithmetic; {@code sharedScale} is 1,
 * or {@code sigma(x . sharedGate)}. Slots with index -1 are skipped.
 *
 * @param operands F32, BF16 or FP8_BLOCK weights
 * @param experts E
 * @param topK slots per token
 * @param hiddenSize H
 * @param intermediate I of a routed expert
 * @param sharedIntermediate I of the shared expert; 0 for none
 * @param sharedGate whether the shared expert is gated
 * @param activation formula, clamp and layout of gate and up
 * @param input element type of x: F32 or BF16; as the weights unless these are FP8
 * @param gateUp type to which the gate and up projections are rounded: F32 or BF16
 * @param hidden type to which the activation is rounded: F32 or BF16
 * @param weightOn where the routing weight is applied
 * @param output F32 or BF16
 * @param weightLayout layout of w1, w2 and of the shared expert's weights
 * @param numerics weakest accepted numerics
 */
public record MoeForwardSpec(
    GemmOperands operands,
    long experts,
    long topK,
    long hiddenSize,
    long intermediate,
    long sharedIntermediate,
    SharedGate sharedGate,
    Activation activation,
    DType input,
    DType gateUp,
    DType hidden,
    WeightOn weightOn,
    DType output,
    Layout weightLayout,
    Numerics numerics)
    implements OpSpec<MoeForwardArgs> {
  /** Whether the shared expert is gated. */
  public enum SharedGate {
    /** Added as it is. */
    NONE,
    /** Multiplied by the sigmoid of a projection of x: Qwen3-Next. */
    SIGMOID
  }

  /** Where the routing weight is applied. */
  public enum WeightOn {
    /** On the expert's output. */
    OUTPUT,
    /** On the activation before it is rounded: DeepSeek-V4. */
    ACT_BEFORE_DOWN
  }

  /** Checks types and ranges. */
  public MoeForwardSpec {
    Op op = Op.MOE_FORWARD;
    Require.that(
        operands == GemmOperands.F32
            || operands == GemmOperands.BF16
            || operands == GemmOperands.FP8_BLOCK,
        op,
        "operands are " + operands + ", expected F32, BF16 or FP8_BLOCK");
    Require.positive(op, "experts", experts);
    Require.positive(op, "topK", topK);
    Require.positive(op, "hiddenSize", hiddenSize);
    Require.positive(op, "intermediate", intermediate);
    Require.notNegative(op, "sharedIntermediate", sharedIntermediate);
    Require.that(
        sharedIntermediate > 0 || sharedGate == SharedGate.NONE,
        op,
        "a shared gate needs a shared expert");
    Require.oneOf(op, "input", input, DType.F32, DType.BF16);
    Require.that(
        operands.scaled() || input == operands.dtype(),
        op,
        "input is " + input + ", expected " + operands.dtype() + " like the weights");
    Require.oneOf(op, "gateUp", gateUp, DType.F32, DType.BF16);
    Require.oneOf(op, "hidden", hidden, DType.F32, DType.BF16);
    Require.that(
        operands != GemmOperands.BF16 || hidden == DType.BF16,
        op,
        "BF16 weights take a BF16 activation: hidden is " + hidden);
    Require.oneOf(op, "output", output, DType.F32, DType.BF16);
  }

  /**
   * Specifies routed experts with SwiGLU, no shared expert, weights on the output, BF16 round
   * points unless F32.
   */
  public static MoeForwardSpec of(
      GemmOperands operands, long experts, long topK, long hiddenSize, long intermediate) {
    DType type = operands == GemmOperands.F32 ? DType.F32 : DType.BF16;
    return new MoeForwardSpec(
        operands,
        experts,
        topK,
        hiddenSize,
        intermediate,
        0,
        SharedGate.NONE,
        Activation.SWIGLU,
        type,
        type,
        type,
        WeightOn.OUTPUT,
        type,
        Layout.PLAIN,
        Numerics.STANDARD);
  }

  /** Returns this spec with a shared expert. */
  public MoeForwardSpec withShared(long width, SharedGate gate) {
    return new MoeForwardSpec(
        operands,
        experts,
        topK,
        hiddenSize,
        intermediate,
        width,
        gate,
        activation,
        input,
        gateUp,
        hidden,
        weightOn,
        output,
        weightLayout,
        numerics);
  }

  /** Returns this spec with another layout of the weights. */
  public MoeForwardSpec withWeightLayout(Layout layout) {
    return new MoeForwardSpec(
        operands,
        experts,
        topK,
        hiddenSize,
        intermediate,
        sharedIntermediate,
        sharedGate,
        activation,
        input,
        gateUp,
        hidden,
        weightOn,
        output,
        layout,
        numerics);
  }

  /** Returns this spec with other types at the input, the round points and the output. */
  public MoeForwardSpec withTypes(
      DType inputType, DType gateUpType, DType hiddenType, DType outputType) {
    return new MoeForwardSpec(
        operands,
        experts,
        topK,
        hiddenSize,
        intermediate,
        sharedIntermediate,
        sharedGate,
        activation,
        inputType,
        gateUpType,
        hiddenType,
        weightOn,
        outputType,
        weightLayout,
        numerics);
  }

  @Override
  public Op op() {
    return Op.MOE_FORWARD;
  }

  @Override
  public Class<MoeForwardArgs> argsType() {
    return MoeForwardArgs.class;
  }

  @Override
  public Signature signature() {
    Dim tokens = Dim.of("T");
    Dim slots = Dim.of(topK);
    Dim all = Dim.of(experts);
    Dim columns = Dim.of(hiddenSize);
    DType weight = operands.dtype();
    boolean scaled = operands.scaled();
    boolean shared = sharedIntermediate > 0;
    long wide = 2 * intermediate;
    long sharedWide = 2 * sharedIntermediate;
    return Signature.of(op())
        .in("x", input, tokens, columns)
        .in("indices", DType.I32, tokens, slots)
        .in("weights", DType.F32, tokens, slots)
        .in("w1", weight, all, Dim.of(wide), columns)
        .layout(weightLayout)
        .inIf(scaled, "w1Scale", DType.F32, all, blocks(wide), blocks(hiddenSize))
        .dense()
        .in("w2", weight, all, columns, Dim.of(intermediate))
        .layout(weightLayout)
        .inIf(scaled, "w2Scale", DType.F32, all, blocks(hiddenSize), blocks(intermediate))
        .dense()
        .inIf(shared, "sharedW1", weight, Dim.of(sharedWide), columns)
        .layout(weightLayout)
        .inIf(shared && scaled, "sharedW1Scale", DType.F32, blocks(sharedWide), blocks(hiddenSize))
        .dense()
        .inIf(shared, "sharedW2", weight, columns, Dim.of(sharedIntermediate))
        .layout(weightLayout)
        .inIf(
            shared && scaled,
            "sharedW2Scale",
            DType.F32,
            blocks(hiddenSize),
            blocks(sharedIntermediate))
        .dense()
        .inIf(sharedGate == SharedGate.SIGMOID, "sharedGate", DType.F32, columns)
        .out("y", output, tokens, columns)
        .optionalOut("hiddenTap", tapType(), tokens, slots, Dim.of(intermediate))
        .optionalOut("hiddenScaleTap", DType.F32, tokens, slots, blocks(intermediate))
        .build();
  }

  /**
   * Returns the element type of the hidden tap: codes for FP8 weights, else the type {@code
   * hidden}.
   */
  public DType tapType() {
    return operands.scaled() ? DType.E4M3FN : hidden;
  }

  private static Dim blocks(long extent) {
    return Dim.of(Math.ceilDiv(extent, GemmOperands.BLOCK));
  }
}
