package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.Weight;
import org.touchstone.backends.spi.Memories;

/**
 * Hidden activations of experts in a workspace: gate and up projections, the activation, and its
 * round points, for panels of one scale group.
 */
final class MoeHidden {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int PANEL = MoeWorkspace.PANEL;

  private final MoeForwardSpec spec;
  private final ExpertRows rows;
  private final int width;

  /** Working memory of one thread. */
  static final class Scratch {
    private final float[] projections = new float[2 * ExpertRows.CHUNK * PANEL];
    private final float[] gate = new float[PANEL];
    private final float[] up = new float[PANEL];
  }

  MoeHidden(
      MoeForwardSpec spec,
      MoeWorkspace layout,
      MemorySegment memory,
      MemorySegment scales,
      long width) {
    this.spec = spec;
    this.width = Math.toIntExact(width);
    long pitch = width * layout.hiddenType.bits() / Byte.SIZE;
    rows =
        new ExpertRows(
            memory, layout.hiddenType, pitch, spec.operands().scaled() ? scales : null, this.width);
  }

  /** Returns the activations. */
  ExpertRows rows() {
    return rows;
  }

  /** Returns the number of panels of a row. */
  int panels() {
    return Math.ceilDiv(width, PANEL);
  }

  /**
   * Computes a panel's gates and ups.
   *
   * @param numbers numbers of the rows of x
   * @param m how many of them, at most {@link ExpertRows#CHUNK}
   */
  void project(
      MicroKernels kernels,
      Weight weight,
      int panel,
      ExpertRows x,
      int[] numbers,
      int m,
      Scratch s) {
    int first = panel * PANEL;
    int count = count(panel);
    int stride = 2 * PANEL;
    if (interleaved()) {
      x.multiply(kernels, numbers, m, weight, 2 * first, 2 * count, s.projections, 0, stride);
    } else {
      x.multiply(kernels, numbers, m, weight, first, count, s.projections, 0, stride);
      x.multiply(kernels, numbers, m, weight, width + first, count, s.projections, PANEL, stride);
    }
  }

  private boolean interleaved() {
    return spec.activation().layout() == Activation.GateLayout.INTERLEAVED;
  }

  private int count(int panel) {
    return Math.min(PANEL, width - panel * PANEL);
  }

  /**
   * Turns the projections of row {@code i} into row {@code number} of the activations.
   *
   * @param factor multiplies the activation before it is rounded
   */
  void finish(MicroKernels kernels, int panel, int i, int number, float factor, Scratch s) {
    int count = count(panel);
    float[] g = s.gate;
    split(i, count, s);
    if (spec.gateUp() == DType.BF16) {
      kernels.round(g, count);
      kernels.round(s.up, count);
    }
    kernels.gatedAct(spec.activation(), g, s.up, count);
    if (factor != 1f) {
      for (int c = 0; c < count; c++) {
        g[c] *= factor;
      }
    }
    long at = number * rows.pitch() + (long) panel * PANEL * bytes();
    if (spec.operands().scaled()) {
      if (spec.hidden() == DType.BF16) {
        kernels.round(g, count);
      }
      float scale = Fp8Groups.quantise(kernels, g, count, rows.memory(), at);
      scales().set(FLOAT, 4 * ((long) number * panels() + panel), scale);
    } else {
      kernels.store(g, 0, rows.memory(), at, rows.dtype(), count);
    }
  }

  private void split(int i, int count, Scratch s) {
    int from = i * 2 * PANEL;
    if (interleaved()) {
      for (int c = 0; c < count; c++) {
        s.gate[c] = s.projections[from + 2 * c];
        s.up[c] = s.projections[from + 2 * c + 1];
      }
    } else {
      System.arraycopy(s.projections, from, s.gate, 0, count);
      System.arraycopy(s.projections, from + PANEL, s.up, 0, count);
    }
  }

  private long bytes() {
    return rows.dtype().bits() / Byte.SIZE;
  }

  private MemorySegment scales() {
    return java.util.Objects.requireNonNull(rows.scales());
  }

  /** The optional outputs that show the activations. */
  static final class Taps {
    private final @Nullable Tensor hidden;
    private final @Nullable Tensor scale;
    private final int groups;

    Taps(MoeForwardSpec spec, MoeForwardArgs args) {
      hidden = args.hiddenTap();
      scale = args.hiddenScaleTap();
      groups = Math.toIntExact(Math.ceilDiv(spec.intermediate(), GemmOperands.BLOCK));
    }

    /** Writes zeros for a skipped slot. */
    void clear(int token, int slot) {
      if (hidden != null) {
        long bytes = hidden.dtype().bits() / Byte.SIZE;
        Memories.host(hidden)
            .asSlice(bytes * element(hidden, token, slot), bytes * hidden.dim(2))
            .fill((byte) 0);
      }
      if (scale != null) {
        Memories.host(scale).asSlice(4 * element(scale, token, slot), 4L * groups).fill((byte) 0);
      }
    }

    /** Copies a panel of a row of activations. */
    void copy(int token, int slot, MoeHidden from, int panel, int number) {
      if (hidden != null) {
        long bytes = from.bytes();
        long column = (long) panel * PANEL;
        MemorySegment.copy(
            from.rows.memory(),
            number * from.rows.pitch() + column * bytes,
            Memories.host(hidden),
            (element(hidden, token, slot) + column) * bytes,
            from.count(panel) * bytes);
      }
      if (scale != null) {
        float value =
            from.rows.scales() == null
                ? 0f
                : from.scales().get(FLOAT, 4 * ((long) number * groups + panel));
        Memories.host(scale).set(FLOAT, 4 * (element(scale, token, slot) + panel), value);
      }
    }

    private static long element(Tensor tap, int token, int slot) {
      return token * tap.strides().step(0) + slot * tap.strides().step(1);
    }
  }
}
