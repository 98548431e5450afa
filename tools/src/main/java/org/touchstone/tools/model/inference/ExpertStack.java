package org.touchstone.tools.model.inference;

import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.tools.model.Linear;
import org.touchstone.tools.model.Mlp;
import org.touchstone.tools.model.Moe;
import org.touchstone.tools.model.safetensors.TensorEntry;

/**
 * Experts stacked into the tensors of the fused operator, one copy when the model is loaded. With
 * FP8 weights the width I is padded with zeros to I', a multiple of 128, see {@link Moe}: gate
 * rows, zero rows, up rows, zero rows; and as many zero columns of the down projection.
 *
 * @param gateUp [E, 2I', H]
 * @param gateUpScale F32 [E, 2I' / 128, ceil(H / 128)], or null
 * @param down [E, H, I']
 * @param downScale F32 [E, ceil(H / 128), I' / 128], or null
 */
record ExpertStack(
    Tensor gateUp, @Nullable Tensor gateUpScale, Tensor down, @Nullable Tensor downScale) {
  static ExpertStack load(Moe moe, List<Mlp> experts, Weights weights) {
    Mlp first = experts.getFirst();
    long count = experts.size();
    long hidden = moe.hiddenSize();
    long width = first.intermediate();
    long padded = moe.paddedWidth(first);
    DType type = first.gate().weight().dtype();
    Tensor gateUp = weights.allocate(type, Shape.of(count, 2 * padded, hidden));
    Tensor down = weights.allocate(type, Shape.of(count, hidden, padded));
    for (int e = 0; e < count; e++) {
      Mlp expert = experts.get(e);
      Tensor rows = matrix(gateUp, e);
      weights.copyInto(expert.gate().weight(), rows.slice(0, 0, width));
      weights.copyInto(expert.up().weight(), rows.slice(0, padded, padded + width));
      Tensor columns = matrix(down, e);
      weights.copyInto(expert.down().weight(), columns.slice(1, 0, width));
      if (padded > width) {
        zero(weights, rows.slice(0, width, padded));
        zero(weights, rows.slice(0, padded + width, 2 * padded));
        zero(weights, columns.slice(1, width, padded));
      }
    }
    if (!moe.quantized()) {
      return new ExpertStack(gateUp, null, down, null);
    }
    long hiddenBlocks = Math.ceilDiv(hidden, GemmOperands.BLOCK);
    long blocks = padded / GemmOperands.BLOCK;
    Tensor gateUpScale = weights.allocate(DType.F32, Shape.of(count, 2 * blocks, hiddenBlocks));
    Tensor downScale = weights.allocate(DType.F32, Shape.of(count, hiddenBlocks, blocks));
    for (int e = 0; e < count; e++) {
      Mlp expert = experts.get(e);
      Tensor scales = matrix(gateUpScale, e);
      weights.copyInto(scaleOf(expert.gate()), scales.slice(0, 0, blocks));
      weights.copyInto(scaleOf(expert.up()), scales.slice(0, blocks, 2 * blocks));
      weights.copyInto(scaleOf(expert.down()), matrix(downScale, e));
    }
    return new ExpertStack(gateUp, gateUpScale, down, downScale);
  }

  private static TensorEntry scaleOf(Linear linear) {
    return linear
        .scale()
        .orElseThrow(() -> new IllegalStateException(linear.name() + " has no scales"));
  }

  private static Tensor matrix(Tensor stack, int expert) {
    return stack.slice(0, expert, expert + 1L).reshape(stack.dim(1), stack.dim(2));
  }

  private static void zero(Weights weights, Tensor target) {
    try (Arena arena = Arena.ofShared()) {
      Buffer zeros =
          Buffer.ofHost(arena.allocate(Tensor.denseBytes(target.dtype(), target.shape()), 64));
      weights.copyInto(Tensor.of(zeros, target.dtype(), target.shape()), target);
    }
  }

  /** Returns the only expert without the leading dimension. */
  ExpertStack withoutExpertDimension() {
    return new ExpertStack(
        matrix(gateUp, 0),
        gateUpScale == null ? null : matrix(gateUpScale, 0),
        matrix(down, 0),
        downScale == null ? null : matrix(downScale, 0));
  }

  /** Returns the stack with its weights in a layout of the device. */
  ExpertStack packed(Weights weights, Layout layout) {
    return layout.plain()
        ? this
        : new ExpertStack(
            weights.pack(gateUp, layout), gateUpScale, weights.pack(down, layout), downScale);
  }
}
