package org.touchstone.tools.model;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.tools.model.ModelConfig.Quantization;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.safetensors.CheckpointException;
import org.touchstone.tools.model.safetensors.TensorEntry;

/** Takes tensors out of a checkpoint, checking each, and notices the ones that nobody took. */
final class Inventory {
  private static final String WEIGHT = ".weight";
  private static final String SCALE = ".weight_scale_inv";

  private final Checkpoint checkpoint;
  private final Quantization quantization;
  private final Set<String> taken = new HashSet<>();

  Inventory(Checkpoint checkpoint, Quantization quantization) {
    this.checkpoint = checkpoint;
    this.quantization = quantization;
  }

  /** Takes a vector or table that is not quantised. */
  TensorEntry take(String name, Shape shape) {
    taken.add(name);
    return checkpoint.require(name, shape, DType.BF16, DType.F32);
  }

  /** Takes a vector or table that may be absent. */
  Optional<TensorEntry> takeIfPresent(String name, Shape shape) {
    return checkpoint.find(name).map(found -> take(name, shape));
  }

  /** Takes a linear layer's weight and, when it is quantised, its scales. */
  Linear linear(String name, long n, long k, DType output) {
    Shape shape = Shape.of(n, k);
    taken.add(name + WEIGHT);
    if (quantization == Quantization.NONE) {
      return new Linear(
          name,
          checkpoint.require(name + WEIGHT, shape, DType.BF16),
          Optional.empty(),
          n,
          k,
          output);
    }
    TensorEntry weight = checkpoint.require(name + WEIGHT, shape, DType.E4M3FN, DType.BF16);
    if (weight.dtype() == DType.BF16) {
      return new Linear(name, weight, Optional.empty(), n, k, output);
    }
    taken.add(name + SCALE);
    TensorEntry scale =
        checkpoint.require(
            name + SCALE,
            Shape.of(Math.ceilDiv(n, GemmOperands.BLOCK), Math.ceilDiv(k, GemmOperands.BLOCK)),
            DType.F32);
    return new Linear(name, weight, Optional.of(scale), n, k, output);
  }

  /**
   * Checks that every tensor was taken: one that the architecture does not have would change the
   * result if it were silently left out.
   */
  void requireAllTaken(Predicate<String> ignorable) {
    for (TensorEntry entry : checkpoint.tensors()) {
      if (!taken.contains(entry.name()) && !ignorable.test(entry.name())) {
        throw new CheckpointException(
            entry.file(),
            "tensor '" + entry.name() + "'",
            "only tensors that config.json accounts for",
            entry.type(),
            "config.json and checkpoint do not belong together, or the model has a part that this"
                + " version does not run");
      }
    }
  }

  CheckpointException wrong(TensorEntry entry, String expected, String remedy) {
    return new CheckpointException(
        entry.file(), "tensor '" + entry.name() + "'", expected, entry.type(), remedy);
  }
}
