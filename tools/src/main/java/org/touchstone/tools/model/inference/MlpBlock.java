package org.touchstone.tools.model.inference;

import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.tools.model.Mlp;

/** A dense MLP on the device. */
final class MlpBlock implements FeedForwardBlock {
  private final Mlp mlp;
  private final Projection gate;
  private final Projection up;
  private final Projection down;

  private MlpBlock(Mlp mlp, Weights weights) {
    this.mlp = mlp;
    this.gate = Projection.load(mlp.gate(), weights);
    this.up = Projection.load(mlp.up(), weights);
    this.down = Projection.load(mlp.down(), weights);
  }

  static MlpBlock load(Mlp mlp, Weights weights) {
    return new MlpBlock(mlp, weights);
  }

  @Override
  public Tensor record(Recorder recorder, Activation x) {
    long width = mlp.intermediate();
    Tensor both = recorder.scratch("mlp.h", DType.F32, 2 * width);
    gate.record(recorder, x, both.slice(1, 0, width));
    up.record(recorder, x, both.slice(1, width, 2 * width));
    Tensor activated = recorder.scratch("mlp.a", mlp.activation().output(), width);
    recorder.add(mlp.activation(), new GatedActArgs(both, activated));
    return down.record(recorder, new Activation("mlp.a", activated), "delta");
  }
}
