package org.touchstone.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.api.op.GemmGroupedArgs;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.MoeCombineArgs;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoePermuteArgs;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.backends.host.HostTensors;

/**
 * {@code moe_forward} without a shared expert as a sequence of operators: permute, gather, grouped
 * product, activation, grouped product, combine, with quantisation before the products for FP8.
 */
final class MoeComposition {
  private final MoeForwardSpec spec;
  private final MoeForwardArgs args;
  private final MoeProblem problem;
  private final CpuRun device;

  MoeComposition(MoeForwardSpec spec, MoeProblem problem, CpuRun device) {
    this.spec = spec;
    this.args = problem.args;
    this.problem = problem;
    this.device = device;
  }

  /** Writes y. */
  void run() {
    long tokens = args.x().dim(0);
    long slots = tokens * spec.topK();
    Tensor sorted = tensor(DType.I32, slots);
    Tensor offsets = tensor(DType.I32, spec.experts() + 1);
    Tensor positions = tensor(DType.I32, tokens, spec.topK());
    device.launch(
        new MoePermuteSpec(spec.experts(), spec.topK()),
        new MoePermuteArgs(args.indices(), sorted, offsets, positions));
    Tensor x = gather(sorted);
    Tensor h = product(x, args.w1(), args.w1Scale(), offsets, spec.gateUp());
    Tensor a = tensor(spec.hidden(), slots, spec.intermediate());
    device.launch(
        new GatedActSpec(spec.activation(), spec.intermediate(), spec.gateUp(), spec.hidden()),
        new GatedActArgs(h, a));
    Tensor o = product(a, args.w2(), args.w2Scale(), offsets, DType.F32);
    device.launch(
        new MoeCombineSpec(spec.hiddenSize(), spec.topK(), DType.F32, spec.output()),
        new MoeCombineArgs(o, args.weights(), positions, null, args.y()));
  }

  private Tensor tensor(DType dtype, long... dims) {
    return HostTensors.allocate(problem.arena, dtype, dims);
  }

  /** Copies the rows of tokens into expert order; rows without a slot stay 0. */
  private Tensor gather(Tensor sorted) {
    int width = (int) spec.hiddenSize();
    long[] slots = HostTensors.codes(sorted);
    long[] from = HostTensors.codes(args.x());
    long[] to = new long[slots.length * width];
    for (int row = 0; row < slots.length; row++) {
      if (slots[row] >= 0) {
        int token = (int) (slots[row] / spec.topK());
        System.arraycopy(from, token * width, to, row * width, width);
      }
    }
    Tensor rows = tensor(spec.input(), slots.length, width);
    HostTensors.writeCodes(rows, to);
    return rows;
  }

  private Tensor product(
      Tensor rows, Tensor weight, @Nullable Tensor weightScale, Tensor offsets, DType output) {
    Tensor a = rows;
    Tensor scale = null;
    if (spec.operands().scaled()) {
      a = tensor(DType.E4M3FN, rows.dim(0), rows.dim(1));
      scale = tensor(DType.F32, rows.dim(0), Math.ceilDiv(rows.dim(1), 128));
      device.launch(
          QuantizeFp8GroupSpec.of(rows.dtype(), rows.dim(1)),
          new QuantizeFp8GroupArgs(rows, a, scale));
    }
    Tensor c = tensor(output, rows.dim(0), weight.dim(1));
    device.launch(
        GemmGroupedSpec.of(spec.operands(), spec.experts(), weight.dim(1), weight.dim(2), output),
        new GemmGroupedArgs(a, weight, scale, weightScale, offsets, c));
    return c;
  }
}
