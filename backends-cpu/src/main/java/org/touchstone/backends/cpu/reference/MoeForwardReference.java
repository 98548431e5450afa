package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/**
 * {@code y_t = sum_j w[t,j] W2[e] hidden(act(W1[e] x_t)) + shared(x_t)}, stage by stage with
 * bounds. Taps that the device returned are judged first, and what follows them is derived from the
 * device's own values.
 */
final class MoeForwardReference implements Reference<MoeForwardSpec, MoeForwardArgs> {
  @Override
  public Expectation expect(
      MoeForwardSpec spec, MoeForwardArgs args, OracleRequest request, CpuThreads threads) {
    return expect(spec, args, request, threads, Taps.JUDGED);
  }

  @Override
  public void run(
      MoeForwardSpec spec, MoeForwardArgs args, OracleRequest request, CpuThreads threads) {
    Results.store(args, expect(spec, args, request, threads, Taps.COMPUTED));
  }

  /** What the tap tensors hold. */
  private enum Taps {
    /** What the device returned. */
    JUDGED,
    /** Nothing yet. */
    COMPUTED
  }

  private static Expectation expect(
      MoeForwardSpec spec,
      MoeForwardArgs args,
      OracleRequest request,
      CpuThreads threads,
      Taps taps) {
    Launch launch = new Launch(spec, args, request, taps);
    long work = 3L * spec.hiddenSize() * spec.intermediate() * spec.topK();
    threads.forEach(launch.tokens.length, work, i -> launch.token((int) i));
    return launch.expectation();
  }

  /** One launch. */
  private static final class Launch {
    final MoeForwardSpec spec;
    final ErrorModel model;
    final long[] tokens;
    final long[] columns;
    final int hiddenSize;
    final int topK;
    final double[] x;
    final double[] weights;
    final long[] indices;
    final ExpertStage routed;
    final @Nullable ExpertStage shared;
    final double @Nullable [] sharedGate;
    final double[] value;
    final double[] error;
    final HiddenTaps taps;
    final boolean sampled;

    Launch(MoeForwardSpec spec, MoeForwardArgs args, OracleRequest request, Taps taps) {
      this.spec = spec;
      model = new ErrorModel(request);
      hiddenSize = Math.toIntExact(spec.hiddenSize());
      topK = Math.toIntExact(spec.topK());
      long rows = args.x().dim(0);
      tokens = request.scope().pick("tokens", rows);
      columns = request.scope().pick("columns", hiddenSize);
      sampled = tokens.length < rows || columns.length < hiddenSize;
      x = HostTensors.doubles(args.x());
      weights = HostTensors.doubles(args.weights());
      indices = HostTensors.codes(args.indices());
      routed =
          new ExpertStage(
              spec,
              new WeightRows(args.w1(), args.w1Scale()),
              new WeightRows(args.w2(), args.w2Scale()),
              model);
      shared =
          args.sharedW1() == null
              ? null
              : new ExpertStage(
                  spec,
                  new WeightRows(args.sharedW1(), args.sharedW1Scale()),
                  new WeightRows(Objects.requireNonNull(args.sharedW2()), args.sharedW2Scale()),
                  model);
      sharedGate = args.sharedGate() == null ? null : HostTensors.doubles(args.sharedGate());
      value = new double[tokens.length * columns.length];
      error = new double[value.length];
      this.taps = new HiddenTaps(spec, args, taps == Taps.JUDGED);
    }

    void token(int i) {
      int t = (int) tokens[i];
      double[] row = Arrays.copyOfRange(x, t * hiddenSize, (t + 1) * hiddenSize);
      double[] rowError = new double[hiddenSize];
      double[] plain = row;
      QuantisedVector quantised = null;
      if (spec.operands().scaled()) {
        quantised = new QuantisedVector(row, rowError, model);
        row = quantised.value;
        rowError = quantised.error;
      }
      double[] sum = new double[columns.length];
      double[] carried = new double[columns.length];
      double[] magnitude = new double[columns.length];
      boolean inside = spec.weightOn() == MoeForwardSpec.WeightOn.ACT_BEFORE_DOWN;
      for (int j = 0; j < topK; j++) {
        long expert = indices[t * topK + j];
        if (expert < 0 || expert >= spec.experts()) {
          taps.skip(t, j);
          continue;
        }
        double weight = weights[t * topK + j];
        ExpertStage.Hidden hidden =
            routed.hidden(expert, row, rowError, quantised, inside ? weight : 1);
        taps.visit(t, j, hidden);
        add(routed, expert, hidden, inside ? 1 : weight, 0, sum, carried, magnitude);
      }
      if (shared != null) {
        double[] scale = sharedScale(plain);
        ExpertStage.Hidden hidden = shared.hidden(0, row, rowError, quantised, 1);
        add(shared, 0, hidden, scale[0], scale[1], sum, carried, magnitude);
      }
      double c = model.sequentialSum(topK + 1L) + model.op();
      for (int n = 0; n < columns.length; n++) {
        value[i * columns.length + n] = sum[n];
        double bound = carried[n] + c * magnitude[n] + (topK + 1) * model.underflow();
        error[i * columns.length + n] = Double.isFinite(sum[n]) ? ErrorModel.MARGIN * bound : 0;
      }
    }

    private void add(
        ExpertStage stage,
        long expert,
        ExpertStage.Hidden hidden,
        double weight,
        double weightError,
        double[] sum,
        double[] carried,
        double[] magnitude) {
      double[] row = new double[stage.width()];
      double[] dot = new double[2];
      for (int n = 0; n < columns.length; n++) {
        stage.output(expert, columns[n], hidden, row, dot);
        sum[n] += weight * dot[0];
        carried[n] += Math.abs(weight) * dot[1] + weightError * (Math.abs(dot[0]) + dot[1]);
        magnitude[n] += Math.abs(weight * dot[0]);
      }
    }

    /** Returns the shared expert's multiplier and its bound. */
    private double[] sharedScale(double[] row) {
      if (sharedGate == null) {
        return new double[] {1, 0};
      }
      double[] dot = new double[2];
      WeightRows.dot(sharedGate, row, new double[row.length], model.sum(row.length), model, dot);
      double sigma = 1 / (1 + Math.exp(-dot[0]));
      double bound =
          sigma * (1 - sigma) * dot[1]
              + sigma * ((1 - sigma) * model.exp() + model.div() + model.op());
      return new double[] {sigma, bound};
    }

    Expectation expectation() {
      Map<String, Expected> outputs = new LinkedHashMap<>();
      outputs.put("y", interval());
      taps.addTo(outputs);
      return new Expectation(outputs);
    }

    private Expected interval() {
      DType type = spec.output();
      if (!sampled) {
        return Expected.Interval.all(type, Saturation.NONSAT, value, error);
      }
      long[] index = new long[value.length];
      for (int i = 0; i < value.length; i++) {
        index[i] = tokens[i / columns.length] * hiddenSize + columns[i % columns.length];
      }
      return new Expected.Interval(type, Saturation.NONSAT, index, value, error);
    }
  }
}
