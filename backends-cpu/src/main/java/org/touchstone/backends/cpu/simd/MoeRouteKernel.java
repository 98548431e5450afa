package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.Ulps;
import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/**
 * Routes one token per task. Equal logits go through the same scalar function, so equal scores stay
 * equal and the lower index wins.
 */
final class MoeRouteKernel implements Kernel<MoeRouteArgs> {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MoeRouteSpec spec;
  private final Engine engine;
  private final int experts;
  private final int topK;
  private final int groups;
  private final ThreadLocal<Scratch> scratch;

  /** Working memory of one thread. */
  private static final class Scratch {
    final float[] score;
    final float[] biased;
    final float[] bias;
    final int[] route;
    final float[] groupValue;
    final boolean[] kept;

    Scratch(int experts, int topK, int groups) {
      score = new float[experts];
      biased = new float[experts];
      bias = new float[experts];
      route = new int[topK];
      groupValue = new float[groups];
      kept = new boolean[groups];
    }
  }

  private MoeRouteKernel(MoeRouteSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    experts = Math.toIntExact(spec.experts());
    topK = Math.toIntExact(spec.topK());
    groups = Math.toIntExact(spec.groups());
    scratch = ThreadLocal.withInitial(() -> new Scratch(experts, topK, groups));
  }

  static Plan<MoeRouteArgs> plan(MoeRouteSpec spec, Engine engine) {
    // Logarithms are FP64 rounded to FP32: hardly more than half a unit.
    Ulps ulps = new Ulps(engine.kernels().ulps().exp(), 1, 0.5, 1, 1);
    KernelTraits traits = KernelTraits.PLAIN_F32.with(Chain.SEQUENTIAL).with(ulps);
    return Plan.runs(
        "moe_route." + engine.kernels().name(), traits, new MoeRouteKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, MoeRouteArgs args, DeviceMemory workspace) {
    AtomicBoolean sawNan = new AtomicBoolean();
    engine.forEach(args.logits().dim(0), experts * 40L, t -> token(args, t, sawNan));
    if (args.diagnostics() != null) {
      Memories.host(args.diagnostics()).set(INT, 0, sawNan.get() ? 1 : 0);
    }
  }

  private void token(MoeRouteArgs args, long t, AtomicBoolean sawNan) {
    Scratch s = scratch.get();
    if (isMasked(args.mask(), t)) {
      write(args, t, null, s);
      return;
    }
    MemorySegment logits = Memories.host(args.logits());
    MemorySegment.copy(logits, FLOAT, 4 * t * args.logits().strides().step(0), s.score, 0, experts);
    for (int e = 0; e < experts; e++) {
      if (Float.isNaN(s.score[e])) {
        s.score[e] = Float.NEGATIVE_INFINITY;
        sawNan.set(true);
      }
    }
    score(s.score);
    System.arraycopy(s.score, 0, s.biased, 0, experts);
    if (args.bias() != null) {
      MemorySegment bias = Memories.host(args.bias());
      MemorySegment.copy(bias, FLOAT, 0, s.bias, 0, experts);
      for (int e = 0; e < experts; e++) {
        s.biased[e] += s.bias[e];
      }
    }
    for (int e = 0; e < experts; e++) {
      if (Float.isNaN(s.biased[e])) {
        s.biased[e] = Float.NEGATIVE_INFINITY;
      }
    }
    if (groups > 1) {
      dropGroups(s);
    }
    engine.kernels().top(s.biased, experts, s.route, topK);
    write(args, t, s.route, s);
  }

  private static boolean isMasked(@Nullable Tensor mask, long t) {
    return mask != null
        && Memories.host(mask).get(ValueLayout.JAVA_BYTE, t * mask.strides().step(0)) == 0;
  }

  private void score(float[] x) {
    switch (spec.score()) {
      case SOFTMAX -> engine.kernels().softmax(x, experts);
      case SIGMOID -> engine.kernels().sigmoid(x, experts);
      case SQRT_SOFTPLUS -> {
        for (int e = 0; e < experts; e++) {
          x[e] = (float) Math.sqrt(x[e] > 20 ? x[e] : Math.log1p(Math.exp(x[e])));
        }
      }
      case IDENTITY -> {}
    }
  }

  /** Marks the experts of all groups but the best as taken. */
  private void dropGroups(Scratch s) {
    int size = experts / groups;
    for (int g = 0; g < groups; g++) {
      s.groupValue[g] = groupScore(s.biased, g * size, size);
      s.kept[g] = false;
    }
    for (int n = 0; n < spec.keptGroups(); n++) {
      int best = -1;
      for (int g = 0; g < groups; g++) {
        if (!s.kept[g] && (best < 0 || s.groupValue[g] > s.groupValue[best])) {
          best = g;
        }
      }
      s.kept[best] = true;
    }
    for (int e = 0; e < experts; e++) {
      if (!s.kept[e / size]) {
        s.biased[e] = Float.NaN;
      }
    }
  }

  private float groupScore(float[] biased, int from, int size) {
    float first = Float.NEGATIVE_INFINITY;
    float second = Float.NEGATIVE_INFINITY;
    for (int e = from; e < from + size; e++) {
      if (biased[e] > first) {
        second = first;
        first = biased[e];
      } else {
        second = Math.max(second, biased[e]);
      }
    }
    if (spec.groupScore() == MoeRouteSpec.GroupScore.MAX) {
      return first;
    }
    float sum = first + second;
    return Float.isNaN(sum) ? Float.NEGATIVE_INFINITY : sum;
  }

  private void write(MoeRouteArgs args, long t, int @Nullable [] route, Scratch s) {
    MemorySegment indices = Memories.host(args.indices());
    MemorySegment weights = Memories.host(args.weights());
    long indexRow = 4 * t * args.indices().strides().step(0);
    long weightRow = 4 * t * args.weights().strides().step(0);
    float[] w = s.biased;
    if (route != null) {
      for (int j = 0; j < topK; j++) {
        w[j] = s.score[route[j]];
      }
      renormalise(w);
    }
    for (int j = 0; j < topK; j++) {
      indices.set(INT, indexRow + 4L * j, route == null ? -1 : route[j]);
      weights.set(FLOAT, weightRow + 4L * j, route == null ? 0 : w[j] * spec.scale());
    }
  }

  private void renormalise(float[] w) {
    switch (spec.renorm()) {
      case NONE -> {}
      case SOFTMAX_TOPK -> engine.kernels().softmax(w, topK);
      case SUM -> {
        float sum = 0;
        for (int j = 0; j < topK; j++) {
          sum += w[j];
        }
        sum += spec.renormEps();
        for (int j = 0; j < topK; j++) {
          w[j] = sum == 0 ? 0 : w[j] / sum;
        }
      }
    }
  }
}
