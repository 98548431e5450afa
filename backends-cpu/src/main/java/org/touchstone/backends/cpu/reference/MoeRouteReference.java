package org.touchstone.backends.cpu.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/**
 * Chooses experts. As a judge it verifies the device's own choice by scores within their bounds and
 * derives the weights from that choice; as a device it makes its own.
 */
final class MoeRouteReference implements Reference<MoeRouteSpec, MoeRouteArgs> {
  /** Inputs of one launch. */
  private static final class Inputs {
    final int experts;
    final int topK;
    final double[] logits;
    final double[] bias;
    final boolean[] masked;
    boolean sawNan;

    Inputs(MoeRouteSpec spec, MoeRouteArgs args) {
      experts = Math.toIntExact(spec.experts());
      topK = Math.toIntExact(spec.topK());
      logits = HostTensors.doubles(args.logits());
      bias = args.bias() == null ? new double[experts] : HostTensors.doubles(args.bias());
      masked = new boolean[Math.toIntExact(args.logits().dim(0))];
      if (args.mask() != null) {
        long[] mask = HostTensors.codes(args.mask());
        for (int t = 0; t < masked.length; t++) {
          masked[t] = mask[t] == 0;
        }
      }
      for (int i = 0; i < logits.length; i++) {
        if (Double.isNaN(logits[i])) {
          logits[i] = Double.NEGATIVE_INFINITY;
          sawNan |= !masked[i / experts];
        }
      }
    }

    double[] row(int token) {
      return Arrays.copyOfRange(logits, token * experts, (token + 1) * experts);
    }
  }

  @Override
  public Expectation expect(
      MoeRouteSpec spec, MoeRouteArgs args, OracleRequest request, CpuThreads threads) {
    Inputs in = new Inputs(spec, args);
    ErrorModel model = new ErrorModel(request);
    long[] chosen = HostTensors.codes(args.indices());
    long[] tokens = request.scope().pick("tokens", in.masked.length);
    double[] value = new double[tokens.length * in.topK];
    double[] error = new double[value.length];
    List<String> violations = Collections.synchronizedList(new ArrayList<>());
    threads.forEach(
        tokens.length,
        in.experts * 64L,
        i -> {
          int token = (int) tokens[(int) i];
          int at = (int) i * in.topK;
          int[] route = new int[in.topK];
          for (int j = 0; j < in.topK; j++) {
            route[j] = (int) chosen[token * in.topK + j];
          }
          if (in.masked[token]) {
            if (!Arrays.stream(route).allMatch(e -> e == -1)) {
              violations.add(
                  "token " + token + " is masked, but has indices " + Arrays.toString(route));
            }
            return;
          }
          RouterScores scores = new RouterScores(spec, in.row(token), in.bias, model);
          RouteCheck.verify(spec, scores, new RouterGroups(spec, scores, model), route)
              .ifPresent(text -> violations.add("token " + token + ": " + text));
          weights(spec, scores, route, model, value, error, at);
        });
    Collections.sort(violations);
    long[] index =
        LongStream.of(tokens)
            .flatMap(t -> LongStream.range(t * in.topK, (t + 1) * in.topK))
            .toArray();
    Map<String, Expected> outputs = new LinkedHashMap<>();
    outputs.put("indices", new Expected.Verified(value.length, violations));
    outputs.put(
        "weights", new Expected.Interval(DType.F32, Saturation.NONSAT, index, value, error));
    diagnostics(args, in, outputs);
    return new Expectation(outputs);
  }

  private static void diagnostics(MoeRouteArgs args, Inputs in, Map<String, Expected> outputs) {
    if (args.diagnostics() != null) {
      outputs.put("diagnostics", Expected.Codes.all(DType.I32, new long[] {in.sawNan ? 1 : 0}));
    }
  }

  /** Writes the weights that follow from a route; an illegal index gives NaN. */
  private static void weights(
      MoeRouteSpec spec,
      RouterScores scores,
      int[] route,
      ErrorModel model,
      double[] value,
      double[] error,
      int at) {
    double[] s = new double[route.length];
    double[] bound = new double[route.length];
    for (int j = 0; j < route.length; j++) {
      if (route[j] < 0 || route[j] >= scores.score.length) {
        Arrays.fill(value, at, at + route.length, Double.NaN);
        return;
      }
      s[j] = scores.score[route[j]];
      bound[j] = scores.scoreError[route[j]];
    }
    switch (spec.renorm()) {
      case NONE -> {}
      case SUM -> divideBySum(s, bound, spec.renormEps(), model);
      case SOFTMAX_TOPK -> {
        exponentials(s, bound, model);
        divideBySum(s, bound, 0, model);
      }
    }
    double scale = Math.abs(spec.scale());
    for (int j = 0; j < route.length; j++) {
      value[at + j] = s[j] * spec.scale();
      boolean exact = bound[j] == 0 && value[at + j] == 0;
      double scaled = scale * bound[j] + model.op() * Math.abs(value[at + j]) + model.underflow();
      error[at + j] = exact || !Double.isFinite(value[at + j]) ? 0 : ErrorModel.MARGIN * scaled;
    }
  }

  /** Replaces scores by {@code e^(s - max)}; a row of -Inf becomes zeros. */
  private static void exponentials(double[] s, double[] bound, ErrorModel model) {
    int best = 0;
    for (int j = 1; j < s.length; j++) {
      best = s[j] > s[best] ? j : best;
    }
    double max = s[best];
    double maxError = bound[best];
    for (int j = 0; j < s.length; j++) {
      double shift = max == Double.NEGATIVE_INFINITY ? max : s[j] - max;
      s[j] = Math.exp(shift);
      boolean exact = shift == 0 || Double.isInfinite(shift);
      double relative = bound[j] + maxError + model.op() * Math.abs(shift) + model.exp();
      double absolute = (1 + model.traits().ulps().exp()) * model.underflow();
      bound[j] = exact ? s[j] * (bound[j] + maxError) : s[j] * relative + absolute;
    }
  }

  /** Divides by the sum plus eps; a divisor of 0 gives 0. */
  private static void divideBySum(double[] s, double[] bound, double eps, ErrorModel model) {
    double divisor = eps;
    double magnitude = eps;
    double carried = 0;
    for (int j = 0; j < s.length; j++) {
      divisor += s[j];
      magnitude += Math.abs(s[j]);
      carried += bound[j];
    }
    double divisorError = carried + model.sum(s.length + 1L) * magnitude;
    for (int j = 0; j < s.length; j++) {
      double quotient = divisor == 0 ? 0 : s[j] / divisor;
      double propagated = (bound[j] + Math.abs(quotient) * divisorError) / Math.abs(divisor);
      s[j] = quotient;
      // Where the divisor may vanish, first-order analysis says nothing.
      bound[j] =
          divisor == 0
              ? 0
              : divisorError >= Math.abs(divisor) / 2
                  ? Double.POSITIVE_INFINITY
                  : propagated + model.div() * Math.abs(quotient) + model.underflow();
    }
  }

  @Override
  public void run(MoeRouteSpec spec, MoeRouteArgs args, OracleRequest request, CpuThreads threads) {
    Inputs in = new Inputs(spec, args);
    ErrorModel model = new ErrorModel(request);
    long[] indices = new long[in.masked.length * in.topK];
    double[] weights = new double[indices.length];
    threads.forEach(
        in.masked.length,
        in.experts * 64L,
        t -> {
          int token = (int) t;
          int at = token * in.topK;
          if (in.masked[token]) {
            Arrays.fill(indices, at, at + in.topK, -1);
            return;
          }
          RouterScores scores = new RouterScores(spec, in.row(token), in.bias, model);
          int[] route = choose(spec, scores, new RouterGroups(spec, scores, model));
          for (int j = 0; j < route.length; j++) {
            indices[at + j] = route[j];
          }
          weights(spec, scores, route, model, weights, new double[weights.length], at);
        });
    HostTensors.writeCodes(args.indices(), indices);
    HostTensors.write(args.weights(), weights, Saturation.NONSAT);
    Tensor diagnostics = args.diagnostics();
    if (diagnostics != null) {
      HostTensors.writeCodes(diagnostics, new long[] {in.sawNan ? 1 : 0});
    }
  }

  /** Returns the k best experts of the kept groups, the lower index on ties. */
  private static int[] choose(MoeRouteSpec spec, RouterScores scores, RouterGroups groups) {
    boolean[] kept = groups.kept();
    boolean[] taken = new boolean[scores.score.length];
    int[] route = new int[Math.toIntExact(spec.topK())];
    for (int j = 0; j < route.length; j++) {
      int best = -1;
      for (int e = 0; e < taken.length; e++) {
        boolean candidate = !taken[e] && kept[groups.of(e)];
        if (candidate && (best < 0 || scores.biased[e] > scores.biased[best])) {
          best = e;
        }
      }
      taken[best] = true;
      route[j] = best;
    }
    return route;
  }
}
