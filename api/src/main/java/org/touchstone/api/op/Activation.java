package org.touchstone.api.op;

/**
 * A gated activation of a gate g and an up projection u, computed in FP32. NaN propagates through
 * clamps; {@code silu} of -Inf is -0, and a kernel may return -0 for gates below -88 as well, where
 * {@code e^-g} leaves FP32.
 *
 * @param kind the formula
 * @param limit clamp of g from above and of u on both sides; infinite for none
 * @param layout where g and u lie in the fused projection
 */
public record Activation(Kind kind, float limit, GateLayout layout) {
  /** Formula of the activation; {@code silu(g) = g / (1 + e^-g)}. */
  public enum Kind {
    /** {@code silu(g) u}. */
    SWIGLU,
    /** {@code g sigma(1.702 g) (u + 1)}: gpt-oss. */
    SWIGLU_OAI,
    /** {@code 0.5 g (1 + tanh(sqrt(2/pi) (g + 0.044715 g^3))) u}: Gemma. */
    GEGLU_TANH
  }

  /** Where gate and up lie along the last dimension of length 2I. */
  public enum GateLayout {
    /** I gates, then I ups. */
    GATE_FIRST,
    /** Gate and up alternate. */
    INTERLEAVED
  }

  /** SwiGLU without clamps, gate first. */
  public static final Activation SWIGLU =
      new Activation(Kind.SWIGLU, Float.POSITIVE_INFINITY, GateLayout.GATE_FIRST);

  /** SwiGLU clamped at 10, gate first: DeepSeek-V4 routed experts. */
  public static final Activation SWIGLU_CLAMPED =
      new Activation(Kind.SWIGLU, 10f, GateLayout.GATE_FIRST);

  /** The activation of gpt-oss: clamped at 7, interleaved. */
  public static final Activation SWIGLU_OAI =
      new Activation(Kind.SWIGLU_OAI, 7f, GateLayout.INTERLEAVED);

  /** GeGLU with the tanh approximation, gate first. */
  public static final Activation GEGLU_TANH =
      new Activation(Kind.GEGLU_TANH, Float.POSITIVE_INFINITY, GateLayout.GATE_FIRST);

  /** Checks the limit. */
  public Activation {
    Require.that(
        limit > 0,
        Op.GATED_ACT,
        "limit is " + limit + ", expected more than 0 (infinity for none)");
  }

  /** Returns whether gate and up are clamped. */
  public boolean clamped() {
    return limit != Float.POSITIVE_INFINITY;
  }
}
