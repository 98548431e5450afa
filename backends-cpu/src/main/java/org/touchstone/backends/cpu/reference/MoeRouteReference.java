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
    double sum = 0;
    double sumError = 0;
    double max = Double.NEGATIVE_INFINITY;
    for (int e : route) {
      if (e < 0 || e >= scores.score.length) {
        Arrays.fill(value, at, at + route.length, Double.NaN);
        return;
      }
      max = Math.max(max, scores.score[e]);
    }
    boolean softmax = spec.renorm() == MoeRouteSpec.Renorm.SOFTMAX_TOPK;
    double[] s = new double[route.length];
    double[] relative = new double[route.length];
    for (int j = 0; j < route.length; j++) {
      double score = scores.score[route[j]];
      if (softmax) {
        double shift = max == Double.NEGATIVE_INFINITY ? Double.NEGATIVE_INFINITY : score - max;
        s[j] = Math.exp(shift);
        relative[j] = s[j] == 0 ? 0 : model.op() * Math.abs(shift) + model.exp();
      } else {
        s[j] = score;
        relative[j] = score == 0 ? 0 : scores.scoreError[route[j]] / score;
      }
      sum += s[j];
      sumError += s[j] * relative[j];
    }
    double denominator = sum + (spec.renorm() == MoeRouteSpec.Renorm.SUM ? spec.renormEps() : 0);
    double normError =
        denominator == 0 ? 0 : sumError / denominator + model.sum(route.length + 1L) + model.div();
    for (int j = 0; j < route.length; j++) {
      boolean raw = spec.renorm() == MoeRouteSpec.Renorm.NONE;
      double unscaled = raw ? s[j] : denominator == 0 ? 0 : s[j] / denominator;
      value[at + j] = unscaled * spec.scale();
      error[at + j] =
          ErrorModel.MARGIN
                  * Math.abs(value[at + j])
                  * (relative[j] + (raw ? 0 : normError) + 2 * model.op())
              + Math.abs(spec.scale()) * model.underflow();
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
