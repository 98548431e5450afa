package org.touchstone.backends.opencl.op;

import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GemmGroupedSpec.Grouping;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.Launch;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/**
 * Sorts slots by expert, multiplies by gate and up, activates, multiplies by down, and adds up
 * every token's outputs in slot order; all on the device, in steps of {@code moe_forward.cl} and
 * {@link Product}.
 */
final class MoeForwardOperator extends ProductOperator<MoeForwardArgs> {
  private static final String RESOURCE = "moe_forward.cl";
  private static final long BLOCK = GemmOperands.BLOCK;

  private final MoeForwardSpec spec;
  private final OpenClKernel sort;
  private final OpenClKernel quantize;
  private final OpenClKernel hidden;
  private final OpenClKernel sharedScale;
  private final OpenClKernel output;

  private MoeForwardOperator(MoeForwardSpec spec, Target target) {
    super(target, spec.weightLayout(), Set.of("w1", "w2", "sharedW1", "sharedW2"));
    this.spec = spec;
    sort = target.kernel(RESOURCE, "moe_sort");
    quantize = target.kernel(RESOURCE, "moe_input");
    hidden = target.kernel(RESOURCE, "moe_hidden");
    sharedScale = target.kernel(RESOURCE, "moe_shared_scale");
    output = target.kernel(RESOURCE, "moe_output");
  }

  static Plan<MoeForwardArgs> plan(MoeForwardSpec spec, Target target) {
    return plan(
        spec,
        spec.weightLayout(),
        target,
        target.activationUlps(spec.activation()),
        () -> new MoeForwardOperator(spec, target));
  }

  @Override
  public long workspaceBytes(MoeForwardArgs args) {
    return MoeWorkspace.of(spec, args.x().dim(0)).bytes;
  }

  @Override
  public void launch(BackendQueue queue, MoeForwardArgs args, DeviceMemory workspace) {
    long all = args.x().dim(0);
    MoeWorkspace layout = MoeWorkspace.of(spec, all);
    for (long from = 0; from < all; from += layout.tokens) {
      long to = Math.min(all, from + layout.tokens);
      new Pass(queue, args, workspace, layout, from, to).run();
    }
  }

  /** The tokens that fit the workspace. */
  private final class Pass {
    private final BackendQueue queue;
    private final MoeForwardArgs args;
    private final DeviceMemory memory;
    private final MoeWorkspace at;
    private final long tokens;
    private final Tensor x;
    private final Tensor indices;
    private final Tensor weights;
    private final Tensor y;
    private final @Nullable Tensor tap;
    private final @Nullable Tensor scaleTap;

    Pass(
        BackendQueue queue,
        MoeForwardArgs args,
        DeviceMemory memory,
        MoeWorkspace layout,
        long from,
        long to) {
      this.queue = queue;
      this.args = args;
      this.memory = memory;
      this.at = layout;
      tokens = to - from;
      x = args.x().slice(0, from, to);
      indices = args.indices().slice(0, from, to);
      weights = args.weights().slice(0, from, to);
      y = args.y().slice(0, from, to);
      tap = part(args.hiddenTap(), from, to);
      scaleTap = part(args.hiddenScaleTap(), from, to);
    }

    private static @Nullable Tensor part(@Nullable Tensor tensor, long from, long to) {
      return tensor == null ? null : tensor.slice(0, from, to);
    }

    void run() {
      sort();
      Rows input = Rows.of(x);
      Rows inputScale = Rows.NONE;
      if (spec.operands().scaled()) {
        quantize();
        input = piece(at.input, DType.E4M3FN, spec.hiddenSize());
        inputScale = piece(at.inputScale, DType.F32, MoeWorkspace.blocks(spec.hiddenSize()));
      }
      Product.Scales scales = Product.Scales.of(spec.operands());
      long slots = tokens * spec.topK();
      long wide = spec.intermediate();
      Product.Assignment assigned =
          Product.Assignment.of(
              Grouping.OFFSETS, piece(at.offsets, DType.I32, 1), spec.experts(), 1);
      product()
          .run(
              queue,
              Product.Factors.of(
                      input,
                      inputScale,
                      product().weight(args.w1()),
                      Rows.of(args.w1Scale()),
                      scales,
                      piece(at.gateUp, spec.gateUp(), 2 * wide))
                  .mapped(piece(at.order, DType.I32, 1), Math.toIntExact(spec.topK())),
              assigned,
              slots,
              2 * wide,
              spec.hiddenSize());
      hidden(true, at.gateUp, at.hidden, at.hiddenScale, slots, wide);
      product()
          .run(
              queue,
              Product.Factors.of(
                  piece(at.hidden, at.hiddenType, wide),
                  piece(at.hiddenScale, DType.F32, MoeWorkspace.blocks(wide)),
                  product().weight(args.w2()),
                  Rows.of(args.w2Scale()),
                  scales,
                  piece(at.outputs, DType.F32, spec.hiddenSize())),
              assigned,
              slots,
              spec.hiddenSize(),
              wide);
      if (spec.sharedIntermediate() > 0) {
        shared(input, inputScale, scales);
      }
      output();
    }

    private Rows piece(long offset, DType type, long rowStep) {
      return Rows.in(memory, offset, type, 0, rowStep);
    }

    private void sort() {
      sort.launch()
          .rows(indices)
          .memory(memory, at.offsets)
          .memory(memory, at.order)
          .memory(memory, at.place)
          .i32(Math.toIntExact(spec.experts()))
          .i32(Math.toIntExact(spec.topK()))
          .i64(tokens)
          .run(queue, 1, target().rowGroup());
    }

    private void quantize() {
      reducing(
              quantize
                  .launch()
                  .rows(x)
                  .memory(memory, at.input)
                  .memory(memory, at.inputScale)
                  .i32(TypeNumbers.of(spec.input()))
                  .i64(spec.hiddenSize()))
          .run(queue, MoeWorkspace.blocks(spec.hiddenSize()), target().rowGroup(), tokens);
    }

    private void shared(Rows input, Rows inputScale, Product.Scales scales) {
      long wide = spec.sharedIntermediate();
      product()
          .run(
              queue,
              Product.Factors.of(
                  input,
                  inputScale,
                  product().weight(Objects.requireNonNull(args.sharedW1())),
                  Rows.of(args.sharedW1Scale()),
                  scales,
                  piece(at.sharedGateUp, spec.gateUp(), 2 * wide)),
              Product.Assignment.dense(1),
              tokens,
              2 * wide,
              spec.hiddenSize());
      hidden(false, at.sharedGateUp, at.sharedHidden, at.sharedHiddenScale, tokens, wide);
      product()
          .run(
              queue,
              Product.Factors.of(
                  piece(at.sharedHidden, at.hiddenType, wide),
                  piece(at.sharedHiddenScale, DType.F32, MoeWorkspace.blocks(wide)),
                  product().weight(Objects.requireNonNull(args.sharedW2())),
                  Rows.of(args.sharedW2Scale()),
                  scales,
                  piece(at.sharedOutputs, DType.F32, spec.hiddenSize())),
              Product.Assignment.dense(1),
              tokens,
              spec.hiddenSize(),
              wide);
      if (args.sharedGate() != null) {
        reducing(
                sharedScale
                    .launch()
                    .rows(x)
                    .tensor(Objects.requireNonNull(args.sharedGate()))
                    .memory(memory, at.sharedScale)
                    .i32(TypeNumbers.of(spec.input()))
                    .i32(Math.toIntExact(spec.hiddenSize())))
            .run(queue, tokens, target().rowGroup());
      }
    }

    /** Activates the projections of routed slots, with taps, or those of the shared expert. */
    private void hidden(
        boolean routed, long from, long to, long scale, long slots, long intermediate) {
      Activation activation = spec.activation();
      boolean inside = spec.weightOn() == MoeForwardSpec.WeightOn.ACT_BEFORE_DOWN;
      Tensor ownTap = routed ? tap : null;
      Tensor ownScaleTap = routed ? scaleTap : null;
      Launch launch =
          hidden
              .launch()
              .memory(memory, from)
              .memory(memory, at.place)
              .rows(weights)
              .memory(memory, to)
              .memory(memory, scale);
      tapped(launch, ownTap);
      tapped(launch, ownScaleTap);
      launch
          .i32(TypeNumbers.of(spec.gateUp()))
          .i32(TypeNumbers.of(spec.hidden()))
          .i32(spec.operands().scaled() ? 1 : 0)
          .i32(Activations.number(activation))
          .f32(activation.limit())
          .i32(activation.layout() == Activation.GateLayout.INTERLEAVED ? 1 : 0)
          .i32(routed ? 1 : 0)
          .i32(routed && inside ? 1 : 0)
          .i32(ownTap == null ? 0 : 1)
          .i32(ownScaleTap == null ? 0 : 1)
          .i32(routed ? Math.toIntExact(spec.topK()) : 1)
          .i64(intermediate);
      reducing(launch).run(queue, Math.ceilDiv(intermediate, BLOCK), target().rowGroup(), slots);
    }

    private void tapped(Launch launch, @Nullable Tensor tensor) {
      launch
          .tensor(tensor)
          .i64(tensor == null ? 0 : tensor.strides().step(0))
          .i64(tensor == null ? 0 : tensor.strides().step(1));
    }

    private Launch reducing(Launch launch) {
      return target().isCpu() ? launch : launch.local((long) Float.BYTES * target().rowGroup());
    }

    private void output() {
      output
          .launch()
          .memory(memory, at.outputs)
          .memory(memory, at.place)
          .rows(weights)
          .memory(memory, at.sharedOutputs)
          .memory(memory, at.sharedScale)
          .rows(y)
          .i32(TypeNumbers.of(spec.output()))
          .i32(spec.weightOn() == MoeForwardSpec.WeightOn.ACT_BEFORE_DOWN ? 1 : 0)
          .i32(spec.sharedIntermediate() > 0 ? 1 : 0)
          .i32(args.sharedGate() == null ? 0 : 1)
          .i32(Math.toIntExact(spec.topK()))
          .i64(spec.hiddenSize())
          .i32(target().strip())
          .run(queue, target().strips(spec.hiddenSize()), target().rowGroup(), tokens);
    }
  }

  @Override
  public void close() {
    super.close();
    sort.close();
    quantize.close();
    hidden.close();
    sharedScale.close();
    output.close();
  }
}
