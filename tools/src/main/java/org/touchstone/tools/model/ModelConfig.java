package org.touchstone.tools.model;

import org.touchstone.api.op.RopeScaling;

/** What {@code config.json} says about a model, checked: everything in it can be run. */
public sealed interface ModelConfig permits DeepseekV3Config, Qwen3MoeConfig {
  /** Returns the sizes that every model has. */
  Common common();

  /** Returns the mixture of experts. */
  Experts experts();

  /** Returns the width of a dense MLP, for the layers that have one. */
  long intermediateSize();

  /** Returns whether a layer is a mixture of experts; other layers have a dense MLP. */
  boolean sparse(int layer);

  /** Returns {@code model_type}. */
  String modelType();

  /**
   * Sizes that every model has.
   *
   * @param vocabulary token ids
   * @param hiddenSize width H of the residual stream
   * @param layers decoder layers
   * @param heads query heads
   * @param maxPositions longest sequence
   * @param normEps added to the mean square in every RMS normalisation
   * @param tiedEmbeddings whether the embedding table is also the output projection
   * @param endOfText token ids that end a text
   * @param quantization how the weights are quantised
   */
  record Common(
      int vocabulary,
      long hiddenSize,
      int layers,
      long heads,
      int maxPositions,
      float normEps,
      Tying tiedEmbeddings,
      java.util.List<Integer> endOfText,
      Quantization quantization) {
    /** Copies the list. */
    public Common {
      endOfText = java.util.List.copyOf(endOfText);
    }
  }

  /** Whether embedding table and output projection are one tensor. */
  enum Tying {
    /** The output projection is {@code lm_head.weight}. */
    SEPARATE,
    /** The output projection is {@code model.embed_tokens.weight}. */
    TIED
  }

  /** How the weights of linear layers are quantised. */
  enum Quantization {
    /** BF16. */
    NONE,
    /** E4M3 with FP32 scales per 128 x 128; activations are quantised per 1 x 128 at run time. */
    FP8_BLOCK
  }

  /**
   * A mixture of experts.
   *
   * @param count routed experts
   * @param perToken experts that serve one token
   * @param intermediate width of a routed expert
   * @param sharedIntermediate width of the shared expert; 0 for none
   */
  record Experts(long count, long perToken, long intermediate, long sharedIntermediate) {}

  /**
   * Rotary positions.
   *
   * @param base base of the frequencies
   * @param scaling change of the frequencies for long contexts
   */
  record Rope(double base, RopeScaling scaling) {}
}
