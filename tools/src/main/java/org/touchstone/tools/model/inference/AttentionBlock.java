package org.touchstone.tools.model.inference;

import org.touchstone.api.Tensor;
import org.touchstone.tools.model.Attention;
import org.touchstone.tools.model.GqaAttention;
import org.touchstone.tools.model.MlaAttention;

/** The attention of one layer, with its weights on the device. */
sealed interface AttentionBlock permits MlaBlock, GqaBlock {
  /** Loads the block. */
  static AttentionBlock load(Attention attention, Weights weights) {
    return switch (attention) {
      case MlaAttention mla -> MlaBlock.load(mla, weights);
      case GqaAttention gqa -> GqaBlock.load(gqa, weights);
    };
  }

  /**
   * Records the block.
   *
   * @param layer the layer's index, which selects its part of the cache
   * @param x normalised input [T, H]
   * @return output [T, H], F32
   */
  Tensor record(Recorder recorder, LayerInputs inputs, int layer, Activation x);
}
