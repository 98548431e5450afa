package org.touchstone.backends.cuda.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * {@code moe_forward}: slots sorted by expert, a grouped product, activation, a second grouped
 * product, and a sum per token in slot order. The shared expert is a dense MLP of the same kernels.
 */
final class MoeForwardKernel implements Kernel<MoeForwardArgs> {
  private static final int GATE_THREADS = 256;

  private final MoeForwardSpec spec;
  private final Products products;
  private final CudaFunction permute;
  private final CudaFunction quantise;
  private final CudaFunction activate;
  private final CudaFunction gate;
  private final CudaFunction gather;

  private MoeForwardKernel(MoeForwardSpec spec, CudaContext context) {
    this.spec = spec;
    products = new Products(spec.operands(), spec.numerics(), context);
    permute = MoePermuteKernel.function(context, spec.experts());
    quantise = context.function("quantize_fp8_group", "ts_quantize_fp8_group");
    activate = context.function("moe_forward", "ts_moe_activate");
    gate = context.function("moe_forward", "ts_moe_shared_gate");
    gather = context.function("moe_forward", "ts_moe_gather");
  }

  static Plan<MoeForwardArgs> plan(MoeForwardSpec spec, CudaContext context) {
    if (!spec.weightLayout().plain()) {
      return Plan.refuses(
          ReasonCode.LAYOUT, "the products read PLAIN weights, not " + spec.weightLayout());
    }
    if (!MoePermuteKernel.fits(spec.experts(), context)) {
      return Plan.refuses(
          ReasonCode.PARAMETER,
          spec.experts() + " experts do not fit into a block's shared memory");
    }
    KernelTraits traits = Products.traits(spec.operands(), spec.numerics(), context);
    return new Plan.Runs<>(
        "moe_forward." + Products.kernel(spec.operands(), spec.numerics(), context),
        traits,
        () -> new MoeForwardKernel(spec, context));
  }

  /** Where the parts of the workspace start. */
  private final class Parts {
    final WorkspacePlan plan = new WorkspacePlan();
    final long tokens;
    final long slots;
    final long sorted;
    final long offsets;
    final long positions;
    final long codes;
    final long codeScales;
    final Mlp routed;
    final @Nullable Mlp shared;
    final long sharedGate;

    Parts(long tokens) {
      this.tokens = tokens;
      slots = tokens * spec.topK();
      sorted = plan.add(slots * Integer.BYTES);
      offsets = plan.add((spec.experts() + 1) * Integer.BYTES);
      positions = plan.add(slots * Integer.BYTES);
      boolean scaled = spec.operands().scaled();
      codes = plan.add(scaled ? tokens * spec.hiddenSize() : 0);
      codeScales = plan.add(scaled ? tokens * groups(spec.hiddenSize()) * Float.BYTES : 0);
      routed = new Mlp(plan, slots, spec.intermediate());
      boolean some = spec.sharedIntermediate() > 0;
      shared = some ? new Mlp(plan, tokens, spec.sharedIntermediate()) : null;
      sharedGate = plan.add(some ? tokens * Float.BYTES : 0);
    }
  }

  /** Intermediate results of one MLP over some rows. */
  private final class Mlp {
    final long rows;
    final long width;
    final long gateUp;
    final long hidden;
    final long scales;
    final long output;

    Mlp(WorkspacePlan plan, long rows, long width) {
      this.rows = rows;
      this.width = width;
      gateUp = plan.add(rows * 2 * width * bytes(spec.gateUp()));
      hidden = plan.add(rows * width * bytes(spec.operands().dtype()));
      scales = plan.add(spec.operands().scaled() ? rows * groups(width) * Float.BYTES : 0);
      output = plan.add(rows * spec.hiddenSize() * Float.BYTES);
    }
  }

  private static long bytes(DType type) {
    return type.bits() / Byte.SIZE;
  }

  private static long groups(long elements) {
    return Math.ceilDiv(elements, GemmOperands.BLOCK);
  }

  @Override
  public long workspaceBytes(MoeForwardArgs args) {
    return new Parts(args.x().dim(0)).plan.bytes();
  }

  @Override
  public void launch(BackendQueue queue, MoeForwardArgs args, DeviceMemory workspace) {
    new Launch(queue, args, workspace).run();
  }

  /** One launch. */
  private final class Launch {
    private final BackendQueue queue;
    private final MoeForwardArgs args;
    private final DeviceMemory workspace;
    private final Parts parts;

    Launch(BackendQueue queue, MoeForwardArgs args, DeviceMemory workspace) {
      this.queue = queue;
      this.args = args;
      this.workspace = workspace;
      parts = new Parts(args.x().dim(0));
    }

    private DevicePointer part(long at) {
      return WorkspacePlan.part(workspace, at);
    }

    void run() {
      MoePermuteKernel.sort(
          queue,
          permute,
          new MoePermuteKernel.Slots(
              parts.slots,
              spec.topK(),
              spec.experts(),
              Launches.pointer(args.indices()),
              Launches.step(args.indices(), 0)),
          part(parts.sorted),
          part(parts.offsets),
          part(parts.positions),
          spec.topK());
      if (spec.operands().scaled()) {
        quantise();
      }
      RowGroups experts = RowGroups.offsets(part(parts.offsets), parts.slots, spec.experts());
      Product up = up(parts.routed).rowsThrough(part(parts.sorted), spec.topK());
      products.launch(
          queue, up.b(Launches.pointer(args.w1()), Launches.pointer(args.w1Scale())), experts);
      activateRouted();
      Product down = down(parts.routed);
      products.launch(
          queue, down.b(Launches.pointer(args.w2()), Launches.pointer(args.w2Scale())), experts);
      if (parts.shared != null) {
        runShared(parts.shared);
      }
      gather();
    }

    private void quantise() {
      Tensor x = args.x();
      long groups = groups(spec.hiddenSize());
      Launches.warps(
          queue,
          quantise,
          parts.tokens * groups,
          new KernelParams()
              .pointer(Launches.pointer(x))
              .pointer(part(parts.codes))
              .pointer(part(parts.codeScales))
              .i64(parts.tokens)
              .i64(spec.hiddenSize())
              .i64(GemmOperands.BLOCK)
              .i64(Launches.step(x, 0))
              .i64(spec.hiddenSize())
              .i64(groups)
              .f32(QuantizeFp8GroupSpec.DEFAULT_AMAX_FLOOR)
              .i32(Launches.type(spec.input()))
              .i32(Launches.type(DType.F32))
              .i32(0));
    }

    /** Starts the product of x with gate and up weights. */
    private Product up(Mlp mlp) {
      Product product =
          new Product(2 * mlp.width, spec.hiddenSize())
              .c(part(mlp.gateUp), 2 * mlp.width, spec.gateUp());
      return spec.operands().scaled()
          ? product
              .a(part(parts.codes), spec.hiddenSize(), 0)
              .scaleA(part(parts.codeScales), groups(spec.hiddenSize()), 0)
          : product.a(args.x());
    }

    /** Starts the product of the activations with down weights. */
    private Product down(Mlp mlp) {
      return new Product(spec.hiddenSize(), mlp.width)
          .a(part(mlp.hidden), mlp.width, 0)
          .scaleA(part(mlp.scales), groups(mlp.width), 0)
          .c(part(mlp.output), spec.hiddenSize(), DType.F32);
    }

    private void activateRouted() {
      Tensor tap = args.hiddenTap();
      Tensor scaleTap = args.hiddenScaleTap();
      boolean inside = spec.weightOn() == MoeForwardSpec.WeightOn.ACT_BEFORE_DOWN;
      KernelParams params =
          new KernelParams()
              .pointer(part(parts.routed.gateUp))
              .pointer(part(parts.positions))
              .pointer(inside ? Launches.pointer(args.weights()) : DevicePointer.NULL);
      activate(parts.routed, params, spec.topK(), tap, scaleTap);
    }

    private void activate(
        Mlp mlp, KernelParams params, long topK, @Nullable Tensor tap, @Nullable Tensor scaleTap) {
      boolean scaled = spec.operands().scaled();
      params
          .pointer(scaled ? DevicePointer.NULL : part(mlp.hidden))
          .pointer(scaled ? part(mlp.hidden) : DevicePointer.NULL)
          .pointer(scaled ? part(mlp.scales) : DevicePointer.NULL)
          .pointer(Launches.pointer(tap))
          .pointer(Launches.pointer(scaleTap))
          .i64(mlp.rows)
          .i64(topK)
          .i64(mlp.width)
          .i64(spec.topK())
          .i64(Launches.step(args.weights(), 0))
          .i64(Launches.step(tap, 0))
          .i64(Launches.step(tap, 1))
          .i64(Launches.step(scaleTap, 0))
          .i64(Launches.step(scaleTap, 1))
          .f32(spec.activation().limit())
          .i32(GatedActKernel.number(spec.activation().kind()))
          .i32(GatedActKernel.interleaved(spec.activation()))
          .i32(Launches.type(spec.gateUp()))
          .i32(Launches.type(spec.hidden()))
          .i32(Launches.type(scaled ? spec.hidden() : spec.operands().dtype()));
      Launches.warps(queue, activate, mlp.rows * groups(mlp.width), params);
    }

    private void runShared(Mlp mlp) {
      RowGroups all = RowGroups.dense(parts.tokens);
      Product up =
          up(mlp).b(Launches.pointer(args.sharedW1()), Launches.pointer(args.sharedW1Scale()));
      products.launch(queue, up, all);
      KernelParams params =
          new KernelParams()
              .pointer(part(mlp.gateUp))
              .pointer(DevicePointer.NULL)
              .pointer(DevicePointer.NULL);
      activate(mlp, params, 1, null, null);
      Product down =
          down(mlp).b(Launches.pointer(args.sharedW2()), Launches.pointer(args.sharedW2Scale()));
      products.launch(queue, down, all);
      if (spec.sharedGate() == MoeForwardSpec.SharedGate.SIGMOID) {
        Launches.rows(
            queue,
            gate,
            parts.tokens,
            GATE_THREADS,
            0,
            new KernelParams()
                .pointer(Launches.pointer(args.x()))
                .pointer(Launches.pointer(args.sharedGate()))
                .pointer(part(parts.sharedGate))
                .i64(spec.hiddenSize())
                .i64(Launches.step(args.x(), 0))
                .i32(Launches.type(spec.input())));
      }
    }

    private void gather() {
      boolean outside = spec.weightOn() == MoeForwardSpec.WeightOn.OUTPUT;
      boolean gated = spec.sharedGate() == MoeForwardSpec.SharedGate.SIGMOID;
      Mlp shared = parts.shared;
      Launches.tasks(
          queue,
          gather,
          parts.tokens * spec.hiddenSize(),
          new KernelParams()
              .pointer(part(parts.routed.output))
              .pointer(outside ? Launches.pointer(args.weights()) : DevicePointer.NULL)
              .pointer(part(parts.positions))
              .pointer(shared == null ? DevicePointer.NULL : part(shared.output))
              .pointer(gated ? part(parts.sharedGate) : DevicePointer.NULL)
              .pointer(Launches.pointer(args.y()))
              .i64(parts.tokens)
              .i64(spec.hiddenSize())
              .i32(Math.toIntExact(spec.topK()))
              .i64(Launches.step(args.weights(), 0))
              .i64(spec.topK())
              .i64(Launches.step(args.y(), 0))
              .i32(Launches.type(spec.output())));
    }
  }
}
