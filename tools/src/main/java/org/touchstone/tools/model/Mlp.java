package org.touchstone.tools.model;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.api.op.OpSpec;

/**
 * A SwiGLU MLP: {@code down(silu(gate x) * up x)}. Gate and up are separate products into the two
 * halves of one tensor, so their weights and scales are used as the checkpoint stores them.
 *
 * @param gate [I, H]
 * @param up [I, H]
 * @param down [H, I]
 */
public record Mlp(Linear gate, Linear up, Linear down) implements FeedForward {
  /** Returns the width I. */
  public long intermediate() {
    return gate.n();
  }

  /** Returns the activation between the products. */
  public GatedActSpec activation() {
    return new GatedActSpec(Activation.SWIGLU, intermediate(), DType.F32, down.input());
  }

  @Override
  public DType input() {
    return Linear.commonInput(List.of(gate, up));
  }

  @Override
  public List<OpSpec<?>> specs() {
    List<OpSpec<?>> specs = new ArrayList<>(gate.specs());
    specs.addAll(up.specs());
    specs.add(activation());
    specs.addAll(down.specs());
    return specs;
  }
}
