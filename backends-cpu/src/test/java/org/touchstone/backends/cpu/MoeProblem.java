package org.touchstone.backends.cpu;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;

/** Tensors of one launch of {@code moe_forward} with every output, filled from a seed. */
final class MoeProblem implements AutoCloseable {
  final Arena arena;
  final MoeForwardSpec spec;
  final MoeForwardArgs args;

  /** What numbers look like. */
  enum Data {
    /** Roughly normal, of a size that keeps results around 1. */
    RANDOM,
    /** Rows of one repeated number, one-hot rows, alternating signs. */
    STRUCTURED
  }

  MoeProblem(MoeForwardSpec spec, int tokens, Data data, SplittableRandom random) {
    this.spec = spec;
    arena = Arena.ofShared();
    args = Args.of(MoeForwardArgs.class, tensors(tokens));
    for (Slot slot : spec.signature().slots()) {
      Tensor tensor = args.tensor(slot.name());
      if (tensor == null || slot.written()) {
        continue;
      }
      int count = (int) tensor.shape().elements();
      if (slot.dtype() == DType.I32) {
        HostTensors.writeCodes(tensor, routes(tokens, random));
      } else if (slot.name().endsWith("Scale")) {
        write(tensor, random.doubles(count, 0.01, 0.03).toArray());
      } else if (slot.name().equals("weights")) {
        write(tensor, random.doubles(count, 0, 1).toArray());
      } else {
        double spread = 1 / Math.sqrt((double) tensor.dim(-1));
        double size =
            slot.dtype() == DType.E4M3FN ? 60 * spread : slot.name().equals("x") ? 1 : spread;
        write(tensor, numbers(data, tensor.shape(), size, random));
      }
    }
  }

  private List<@Nullable Tensor> tensors(long tokens) {
    List<@Nullable Tensor> tensors = new java.util.ArrayList<>();
    for (Slot slot : spec.signature().slots()) {
      boolean scaleTap = slot.name().equals("hiddenScaleTap") && !spec.operands().scaled();
      if (slot.presence() == Slot.Presence.FORBIDDEN || scaleTap) {
        tensors.add(null);
        continue;
      }
      long[] dims =
          java.util.Objects.requireNonNull(slot.dims()).stream()
              .mapToLong(d -> d.extent(d.symbol() == null ? 0 : tokens))
              .toArray();
      tensors.add(HostTensors.allocate(arena, slot.dtype(), dims));
    }
    return tensors;
  }

  /** Distinct experts for every token; a slot in eight is empty. */
  private long[] routes(int tokens, SplittableRandom random) {
    int topK = (int) spec.topK();
    long[] routes = new long[tokens * topK];
    for (int t = 0; t < tokens; t++) {
      long first = random.nextLong(spec.experts());
      for (int j = 0; j < topK; j++) {
        boolean empty = random.nextInt(8) == 0;
        routes[t * topK + j] = empty ? -1 : (first + 3L * j) % spec.experts();
      }
    }
    return routes;
  }

  private static double[] numbers(Data data, Shape shape, double size, SplittableRandom random) {
    int count = (int) shape.elements();
    int width = (int) shape.dim(-1);
    double[] values = new double[count];
    DoubleSupplier normal = random::nextGaussian;
    for (int i = 0; i < count; i++) {
      int row = i / width;
      int column = i % width;
      values[i] =
          size
              * (data == Data.RANDOM
                  ? normal.getAsDouble()
                  : switch (row % 4) {
                    case 0 -> 0.75;
                    case 1 -> column == row % width ? 3 : 0;
                    case 2 -> column % 2 == 0 ? 1.25 : -1.5;
                    default -> 1 + column % 5 * 0.25;
                  });
    }
    return values;
  }

  static void write(Tensor tensor, double... values) {
    HostTensors.write(tensor, values, Saturation.NONSAT);
  }

  MoeForwardArgs withoutTaps() {
    return with("hiddenTap", null).with("hiddenScaleTap", null).args;
  }

  /** The same tensors but one; shares the arena, so only one of the two is closed. */
  MoeProblem with(String slot, @Nullable Tensor other) {
    List<@Nullable Tensor> tensors = new java.util.ArrayList<>(args.tensors());
    tensors.set(args.names().indexOf(slot), other);
    return new MoeProblem(this, Args.of(MoeForwardArgs.class, tensors));
  }

  private MoeProblem(MoeProblem other, MoeForwardArgs args) {
    spec = other.spec;
    arena = other.arena;
    this.args = args;
  }

  /** Tokens {@code from} to {@code to - 1} with outputs of their own. */
  MoeProblem tokens(int from, int to) {
    List<@Nullable Tensor> tensors = new java.util.ArrayList<>(tensors(to - from));
    for (String slot : List.of("x", "indices", "weights")) {
      Tensor all = java.util.Objects.requireNonNull(args.tensor(slot));
      tensors.set(args.names().indexOf(slot), all.slice(0, from, to));
    }
    for (String slot :
        List.of(
            "w1",
            "w1Scale",
            "w2",
            "w2Scale",
            "sharedW1",
            "sharedW1Scale",
            "sharedW2",
            "sharedW2Scale",
            "sharedGate")) {
      tensors.set(args.names().indexOf(slot), args.tensor(slot));
    }
    return new MoeProblem(this, Args.of(MoeForwardArgs.class, tensors));
  }

  long[] codes(String slot) {
    return HostTensors.codes(java.util.Objects.requireNonNull(args.tensor(slot)));
  }

  double[] y() {
    return HostTensors.doubles(args.y());
  }

  long[] yOf(int token) {
    int width = (int) spec.hiddenSize();
    return Arrays.copyOfRange(codes("y"), token * width, (token + 1) * width);
  }

  @Override
  public void close() {
    arena.close();
  }
}
