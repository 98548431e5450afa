package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.Weight;
import org.touchstone.backends.spi.Memories;

/** One launch of {@link MoeForwardKernel}. */
final class MoeForwardLaunch {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int PANEL = MoeWorkspace.PANEL;

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private final MoeForwardSpec spec;
  private final MoeForwardArgs args;
  private final Engine engine;
  private final MoeWorkspace layout;
  private final MemorySegment workspace;
  private final int tokens;
  private final int topK;
  private final int hiddenSize;
  private final boolean weightInside;
  private final ExpertCounts counts;
  private final int[] active;
  private final ExpertRows x;
  private final ExpertRows input;
  private final MoeHidden hidden;
  private final @Nullable MoeHidden sharedHidden;

  /** Working memory of one thread. */
  private static final class Scratch {
    final int[] rows = new int[ExpertRows.CHUNK];
    final float[] panel = new float[ExpertRows.CHUNK * PANEL];
    final float[] sum = new float[PANEL];
    final float[] row = new float[PANEL];
    final MoeHidden.Scratch hidden = new MoeHidden.Scratch();
  }

  MoeForwardLaunch(
      MoeForwardSpec spec, MoeForwardArgs args, MemorySegment workspace, Engine engine) {
    this.spec = spec;
    this.args = args;
    this.workspace = workspace;
    this.engine = engine;
    tokens = Math.toIntExact(args.x().dim(0));
    topK = Math.toIntExact(spec.topK());
    hiddenSize = Math.toIntExact(spec.hiddenSize());
    weightInside = spec.weightOn() == MoeForwardSpec.WeightOn.ACT_BEFORE_DOWN;
    layout = new MoeWorkspace(spec, tokens);
    counts = ExpertCounts.of(args.indices(), Math.toIntExact(spec.experts()));
    active = counts.withRows();
    long pitch = args.x().strides().step(0) * args.x().dtype().bits() / Byte.SIZE;
    x = new ExpertRows(Memories.host(args.x()), args.x().dtype(), pitch, null, hiddenSize);
    input =
        spec.operands().scaled()
            ? new ExpertRows(
                section(layout.input),
                layout.hiddenType,
                hiddenSize,
                section(layout.inputScale),
                hiddenSize)
            : x;
    hidden =
        new MoeHidden(
            spec, layout, section(layout.hidden), section(layout.hiddenScale), spec.intermediate());
    sharedHidden =
        spec.sharedIntermediate() == 0
            ? null
            : new MoeHidden(
                spec,
                layout,
                section(layout.sharedHidden),
                section(layout.sharedHiddenScale),
                spec.sharedIntermediate());
  }

  private MemorySegment section(long offset) {
    return workspace.asSlice(offset);
  }

  private MicroKernels kernels() {
    return engine.kernels();
  }

  void run() {
    if (tokens == 0) {
      return;
    }
    sort();
    boolean gated = args.sharedGate() != null;
    if (spec.operands().scaled() || gated) {
      engine.forEach(tokens, 8L * hiddenSize, t -> prepare((int) t, gated));
    }
    hiddenPhase();
    for (int column = 0; column < hiddenSize; column += layout.columns) {
      outputPhase(column, Math.min(layout.columns, hiddenSize - column));
    }
  }

  /** Sorts slots by expert. */
  private void sort() {
    MemorySegment indices = Memories.host(args.indices());
    long pitch = 4 * args.indices().strides().step(0);
    MoeHidden.Taps taps = new MoeHidden.Taps(spec, args);
    for (int t = 0; t < tokens; t++) {
      for (int j = 0; j < topK; j++) {
        int expert = indices.get(INT, t * pitch + 4L * j);
        if (counts.has(expert)) {
          workspace.set(INT, layout.order + 4L * counts.take(expert), t * topK + j);
        } else {
          taps.clear(t, j);
        }
      }
    }
  }

  private int slot(int row) {
    return workspace.get(INT, layout.order + 4L * row);
  }

  /** Quantises x and computes the shared expert's multiplier. */
  private void prepare(int token, boolean gated) {
    Scratch s = SCRATCH.get();
    if (spec.operands().scaled()) {
      for (int column = 0; column < hiddenSize; column += PANEL) {
        int count = Math.min(PANEL, hiddenSize - column);
        int bytes = x.dtype().bits() / Byte.SIZE;
        kernels()
            .load(
                x.memory(), token * x.pitch() + (long) column * bytes, x.dtype(), s.row, 0, count);
        float scale =
            Fp8Groups.quantise(
                kernels(),
                s.row,
                count,
                workspace,
                layout.input + (long) token * hiddenSize + column);
        long group = (long) token * Math.ceilDiv(hiddenSize, PANEL) + column / PANEL;
        workspace.set(FLOAT, layout.inputScale + 4 * group, scale);
      }
    }
    if (gated) {
      s.rows[0] = token;
      x.multiply(kernels(), s.rows, 1, sharedGate(), 0, 1, s.row, 0, 1);
      VectorMath.sigmoid(s.row, 0, 1);
      workspace.set(FLOAT, layout.sharedScale + 4L * token, s.row[0]);
    }
  }

  /** The shared expert's gate as a weight of one row. */
  private Weight sharedGate() {
    Tensor gate = Objects.requireNonNull(args.sharedGate());
    return new Weight(Memories.host(gate), 0, gate.dtype(), Layout.PLAIN, hiddenSize, null, 0);
  }

  private void hiddenPhase() {
    int panels = hidden.panels();
    long routed = (long) active.length * panels;
    int shared = sharedHidden == null ? 0 : sharedHidden.panels();
    long cost = 2L * PANEL * hiddenSize;
    engine.forEach(
        routed + shared,
        cost,
        task -> {
          if (task < routed) {
            routedHidden(active[(int) (task / panels)], (int) (task % panels));
          } else {
            sharedHidden((int) (task - routed));
          }
        });
  }

  private void routedHidden(int expert, int panel) {
    Scratch s = SCRATCH.get();
    MoeHidden.Taps taps = new MoeHidden.Taps(spec, args);
    Weight weight = Weight.of(args.w1(), args.w1Scale(), expert);
    MemorySegment factors = Memories.host(args.weights());
    long pitch = 4 * args.weights().strides().step(0);
    int end = counts.start(expert + 1);
    for (int first = counts.start(expert); first < end; first += ExpertRows.CHUNK) {
      int m = Math.min(ExpertRows.CHUNK, end - first);
      for (int i = 0; i < m; i++) {
        s.rows[i] = slot(first + i) / topK;
      }
      hidden.project(kernels(), weight, panel, input, s.rows, m, s.hidden);
      for (int i = 0; i < m; i++) {
        int token = s.rows[i];
        int j = slot(first + i) % topK;
        float factor = weightInside ? factors.get(FLOAT, token * pitch + 4L * j) : 1f;
        hidden.finish(kernels(), panel, i, first + i, factor, s.hidden);
        taps.copy(token, j, hidden, panel, first + i);
      }
    }
  }

  private void sharedHidden(int panel) {
    Scratch s = SCRATCH.get();
    MoeHidden mine = Objects.requireNonNull(sharedHidden);
    Weight weight = Weight.of(Objects.requireNonNull(args.sharedW1()), args.sharedW1Scale(), 0);
    for (int first = 0; first < tokens; first += ExpertRows.CHUNK) {
      int m = consecutive(first, tokens, s.rows);
      mine.project(kernels(), weight, panel, input, s.rows, m, s.hidden);
      for (int i = 0; i < m; i++) {
        mine.finish(kernels(), panel, i, first + i, 1f, s.hidden);
      }
    }
  }

  private static int consecutive(int first, int end, int[] rows) {
    int m = Math.min(ExpertRows.CHUNK, end - first);
    for (int i = 0; i < m; i++) {
      rows[i] = first + i;
    }
    return m;
  }

  private void outputPhase(int column, int count) {
    int panels = Math.ceilDiv(count, PANEL);
    int experts = active.length + (sharedHidden == null ? 0 : 1);
    // Adjacent panels of a weight are one stream of memory: it starts slowly, so a task takes as
    // many as leave enough tasks.
    int together = Math.clamp((long) experts * panels / engine.tasks(), 1, panels);
    int perExpert = Math.ceilDiv(panels, together);
    long cost = (long) together * PANEL * spec.intermediate();
    engine.forEach(
        (long) experts * perExpert,
        cost,
        task -> {
          int number = (int) (task / perExpert);
          int at = column + (int) (task % perExpert) * together * PANEL;
          int width = Math.min(together * PANEL, column + count - at);
          if (number < active.length) {
            routedOutput(active[number], column, at, width);
          } else {
            sharedOutput(column, at, width);
          }
        });
    engine.forEach(tokens, (long) count * (topK + 1), t -> combine((int) t, column, count));
  }

  private void routedOutput(int expert, int rangeStart, int column, int width) {
    Scratch s = SCRATCH.get();
    Weight weight = Weight.of(args.w2(), args.w2Scale(), expert);
    int start = counts.start(expert);
    int end = counts.start(expert + 1);
    int step = columnsTogether(end - start);
    for (int at = column; at < column + width; at += step) {
      int n = Math.min(step, column + width - at);
      for (int first = start; first < end; first += ExpertRows.CHUNK) {
        int m = consecutive(first, end, s.rows);
        hidden.rows().multiply(kernels(), s.rows, m, weight, at, n, s.panel, 0, step);
        for (int i = 0; i < m; i++) {
          store(s.panel, i * step, slot(first + i), at - rangeStart, n);
        }
      }
    }
  }

  private void sharedOutput(int rangeStart, int column, int width) {
    Scratch s = SCRATCH.get();
    MoeHidden mine = Objects.requireNonNull(sharedHidden);
    Weight weight = Weight.of(Objects.requireNonNull(args.sharedW2()), args.sharedW2Scale(), 0);
    int step = columnsTogether(tokens);
    for (int at = column; at < column + width; at += step) {
      int n = Math.min(step, column + width - at);
      for (int first = 0; first < tokens; first += ExpertRows.CHUNK) {
        int m = consecutive(first, tokens, s.rows);
        mine.rows().multiply(kernels(), s.rows, m, weight, at, n, s.panel, 0, step);
        for (int i = 0; i < m; i++) {
          store(s.panel, i * step, tokens * topK + first + i, at - rangeStart, n);
        }
      }
    }
  }

  /** Returns how many columns of the outputs of an expert's rows fit the scratch of a thread. */
  private static int columnsTogether(int rows) {
    return ExpertRows.CHUNK / Math.min(ExpertRows.CHUNK, rows) * PANEL;
  }

  private void store(float[] panel, int at, int row, int column, int width) {
    MemorySegment.copy(panel, at, workspace, FLOAT, output(row, column), width);
  }

  private long output(int row, int column) {
    return layout.outputs + 4 * ((long) row * layout.columns + column);
  }

  /** Adds up a token's outputs in slot order, the shared expert's last. */
  private void combine(int token, int rangeStart, int count) {
    Scratch s = SCRATCH.get();
    MemorySegment indices = Memories.host(args.indices());
    MemorySegment weights = Memories.host(args.weights());
    long indexRow = 4L * token * args.indices().strides().step(0);
    long weightRow = 4L * token * args.weights().strides().step(0);
    Tensor y = args.y();
    long bytes = y.dtype().bits() / Byte.SIZE;
    for (int column = 0; column < count; column += PANEL) {
      int width = Math.min(PANEL, count - column);
      java.util.Arrays.fill(s.sum, 0, width, 0f);
      for (int j = 0; j < topK; j++) {
        if (counts.has(indices.get(INT, indexRow + 4L * j))) {
          float weight = weightInside ? 1f : weights.get(FLOAT, weightRow + 4L * j);
          add(token * topK + j, column, width, weight, s);
        }
      }
      if (sharedHidden != null) {
        boolean gated = args.sharedGate() != null;
        float scale = gated ? workspace.get(FLOAT, layout.sharedScale + 4L * token) : 1f;
        add(tokens * topK + token, column, width, scale, s);
      }
      long at = (token * y.strides().step(0) + rangeStart + column) * bytes;
      kernels().store(s.sum, 0, Memories.host(y), at, y.dtype(), width);
    }
  }

  private void add(int row, int column, int width, float weight, Scratch s) {
    MemorySegment.copy(workspace, FLOAT, output(row, column), s.row, 0, width);
    kernels().addScaled(s.sum, s.row, weight, width);
  }
}
