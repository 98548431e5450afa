package org.touchstone.api.op;

/**
 * Round points of RMS normalisation; {@code r = 1 / sqrt(mean(x^2) + eps)} throughout. The variants
 * differ in the bits of a rounded output.
 */
public enum RmsNormVariant {
  /** {@code w * round(x r)}: Hugging Face Llama, Qwen3, Mixtral, GLM. */
  CAST_THEN_MUL,
  /** {@code round(x r w)}: DeepSeek, gpt-oss, Gemma 4. */
  FP32_MUL,
  /** {@code round(x r (1 + w))}: Gemma 1-3, Qwen3-Next. */
  ONE_PLUS_W,
  /** {@code round(x r)}: no weight. */
  NO_WEIGHT,
  /** {@code round(round(x r w) silu(z))}: gated, weight before the inner rounding. */
  GATED,
  /** {@code round((w round(x r)) silu(z))}: gated, as Hugging Face rounds. */
  GATED_CAST_THEN_MUL;

  /** Returns whether there is a weight. */
  public boolean weighted() {
    return this != NO_WEIGHT;
  }

  /** Returns whether there is a gate z. */
  public boolean gated() {
    return this == GATED || this == GATED_CAST_THEN_MUL;
  }
}
