package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.MoeRouteSpec.SelectionBias;
import org.touchstone.backends.cpu.CpuRun.Kind;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** One launch with everything optional. */
final class RouteLaunch implements AutoCloseable {
  static final double[] LOGITS = {.5, 1, -.2, .3, 2, -1, .1, 0, .7, .7, .6, -3, -.5, 1.5, .2, .4};
  static final double[] BIAS = {0, 0, .3, 0, -.2, 0, 0, 0, .1, .1, 0, 0, 0, -.3, 0, 0};
  static final MoeRouteSpec V3 = MoeRouteSpec.deepseekV3(16, 3, 4, 2, 2.5f);

  final Arena arena = Arena.ofShared();
  final MoeRouteSpec spec;
  final MoeRouteArgs args;

  RouteLaunch(MoeRouteSpec spec, double[] logits, double @Nullable [] bias, long... mask) {
    this.spec = spec;
    long experts = spec.experts();
    long tokens = logits.length / experts;
    Tensor maskTensor = null;
    if (mask.length > 0) {
      maskTensor = HostTensors.allocate(arena, DType.BOOL, tokens);
      HostTensors.writeCodes(maskTensor, mask);
    }
    args =
        new MoeRouteArgs(
            HostTensors.of(arena, DType.F32, Shape.of(tokens, experts), logits),
            spec.bias() == SelectionBias.NONE || bias == null
                ? null
                : HostTensors.of(arena, DType.F32, Shape.of(experts), bias),
            maskTensor,
            HostTensors.allocate(arena, DType.I32, tokens, spec.topK()),
            HostTensors.allocate(arena, DType.F32, tokens, spec.topK()),
            HostTensors.allocate(arena, DType.I32, 1));
  }

  RouteLaunch on(Kind kind) {
    try (CpuRun device = kind.open()) {
      assertThat(device.violations(spec, args, Regime.RANDOM)).as("%s", spec).isEmpty();
    }
    return this;
  }

  /** Replaces the route and judges it as a SIMD device's. */
  List<String> judge(long[] route, double[] weights) {
    HostTensors.writeCodes(args.indices(), route);
    HostTensors.write(args.weights(), weights, org.touchstone.api.format.Saturation.NONSAT);
    try (CpuRun device = CpuRun.simd(1)) {
      return device.judge(spec, args, Regime.RANDOM);
    }
  }

  void chose(long... experts) {
    assertThat(indices()).containsExactly(experts);
  }

  void weighed(double... weights) {
    assertThat(weights()).containsExactly(weights, within(1e-6));
  }

  long[] indices() {
    return HostTensors.codes(args.indices());
  }

  double[] weights() {
    return HostTensors.doubles(args.weights());
  }

  long diagnostics() {
    return HostTensors.codes(java.util.Objects.requireNonNull(args.diagnostics()))[0];
  }

  @Override
  public void close() {
    arena.close();
  }
}
