package org.touchstone.tools.model.inference;

import org.touchstone.api.Tensor;
import org.touchstone.tools.model.FeedForward;
import org.touchstone.tools.model.Mlp;
import org.touchstone.tools.model.Moe;

/** The second half of one layer, with its weights on the device. */
sealed interface FeedForwardBlock permits MlpBlock, MoeBlock {
  /** Loads the block. */
  static FeedForwardBlock load(FeedForward feedForward, Weights weights) {
    return switch (feedForward) {
      case Mlp mlp -> MlpBlock.load(mlp, weights);
      case Moe moe -> MoeBlock.load(moe, weights);
    };
  }

  /**
   * Records the block.
   *
   * @param x normalised input [T, H]
   * @return output [T, H], F32
   */
  Tensor record(Recorder recorder, Activation x);
}
