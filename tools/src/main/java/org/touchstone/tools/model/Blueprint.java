package org.touchstone.tools.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.safetensors.TensorEntry;

/**
 * A model whose configuration and checkpoint fit together: every tensor found and checked, every
 * operator known, nothing on a device yet.
 *
 * <p>Numbers: the residual stream and the logits are F32; what enters attention is BF16; the input
 * of a linear layer is F32 before its quantiser and BF16 without one; the router is F32 throughout.
 *
 * @param config the configuration
 * @param checkpoint the open checkpoint, which the caller closes
 * @param embedding embedding table [V, H]
 * @param layers decoder layers
 * @param finalNorm normalisation before the output projection
 * @param head output projection [V, H]
 */
public record Blueprint(
    ModelConfig config,
    Checkpoint checkpoint,
    TensorEntry embedding,
    List<Layer> layers,
    Norm finalNorm,
    Linear head) {
  /**
   * One decoder layer.
   *
   * @param attentionNorm normalisation before attention
   * @param attention attention
   * @param feedForwardNorm normalisation before the MLP or the experts
   * @param feedForward dense MLP or mixture of experts
   */
  public record Layer(
      Norm attentionNorm, Attention attention, Norm feedForwardNorm, FeedForward feedForward) {}

  /** Copies the list. */
  public Blueprint {
    layers = List.copyOf(layers);
  }

  /**
   * Reads {@code config.json} and checks the checkpoint against it.
   *
   * @param folder the model folder
   * @param checkpoint the folder's checkpoint
   * @throws org.touchstone.tools.model.safetensors.CheckpointException when something does not fit
   */
  public static Blueprint read(Path folder, Checkpoint checkpoint) {
    return new Architect(ConfigReader.read(folder), checkpoint).blueprint();
  }

  /** Returns the operator that looks up token ids. */
  public EmbeddingSpec lookup() {
    return new EmbeddingSpec(
        config.common().vocabulary(),
        config.common().hiddenSize(),
        embedding.dtype(),
        DType.F32,
        1);
  }

  /** Returns every operator that a forward pass needs, sampling left out. */
  public Set<OpSpec<?>> specs() {
    Set<OpSpec<?>> specs = new LinkedHashSet<>();
    specs.add(lookup());
    List<Layer> before = new ArrayList<>();
    for (Layer layer : layers) {
      DType input = layer.attention().input();
      specs.add(
          before.isEmpty()
              ? layer.attentionNorm().spec(DType.F32, input)
              : layer.attentionNorm().fusedAdd(input));
      specs.addAll(layer.attention().specs());
      specs.add(layer.feedForwardNorm().fusedAdd(layer.feedForward().input()));
      specs.addAll(layer.feedForward().specs());
      before.add(layer);
    }
    specs.add(finalNorm.fusedAdd(head.input()));
    specs.addAll(head.specs());
    return specs;
  }
}
