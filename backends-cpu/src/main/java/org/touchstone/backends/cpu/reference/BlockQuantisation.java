package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.E8m0;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;

/**
 * Quantises tiles of a matrix to E4M3FN: {@code a = max(floor, max|x|)}, {@code s = a / 448},
 * {@code q = sat(x / s)}. Scales are judged by themselves, codes by the scale that belongs to them,
 * so one wrong scale is one finding.
 */
final class BlockQuantisation {
  private static final double MAX = 448;

  /**
   * Geometry and rule of the scales.
   *
   * @param rows rows of the matrix
   * @param columns columns of the matrix
   * @param blockRows rows per scale
   * @param blockColumns columns per scale
   */
  record Rule(
      int rows,
      int columns,
      int blockRows,
      int blockColumns,
      ScaleMode mode,
      DType scaleDtype,
      float amaxFloor) {
    int scaleRows() {
      return Math.ceilDiv(rows, blockRows);
    }

    int scaleColumns() {
      return Math.ceilDiv(columns, blockColumns);
    }

    int scaleOf(int element) {
      return element / columns / blockRows * scaleColumns() + element % columns / blockColumns;
    }
  }

  private final Rule rule;
  private final double[] x;
  private final ErrorModel model;
  private final double[] amax;

  BlockQuantisation(Rule rule, double[] x, ErrorModel model) {
    this.rule = rule;
    this.x = x;
    this.model = model;
    amax = new double[rule.scaleRows() * rule.scaleColumns()];
    Arrays.fill(amax, rule.amaxFloor());
    for (int i = 0; i < x.length; i++) {
      int block = rule.scaleOf(i);
      amax[block] = Math.max(amax[block], Math.abs(x[i]));
    }
  }

  /** Judges a device's scales, and its codes by them. */
  Expectation judge(Tensor scales) {
    return expectation(HostTensors.doubles(scales));
  }

  /** Computes scales, and codes by them. */
  Expectation compute() {
    double[] scales = new double[amax.length];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = scale(amax[i], 0);
    }
    return expectation(scales);
  }

  private Expectation expectation(double[] scales) {
    double[] value = new double[x.length];
    double[] error = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double s = scales[rule.scaleOf(i)];
      if (Double.isNaN(s)) {
        // an E8M0 scale carries the NaN, so its codes are 0
        value[i] = rule.scaleDtype() == DType.E8M0 ? 0 : Double.NaN;
      } else if (Double.isInfinite(s)) {
        value[i] = Double.isInfinite(x[i]) ? Double.NaN : 0;
      } else {
        // The quotient is rounded to FP32 by definition, which decides what a tie is.
        value[i] = Math.clamp((float) x[i] / (float) s, -MAX, MAX);
        error[i] = ErrorModel.MARGIN * (Math.abs(value[i]) * model.div() + model.operand(x[i]) / s);
      }
    }
    Map<String, Expected> outputs = new LinkedHashMap<>();
    outputs.put("q", Expected.Interval.all(DType.E4M3FN, Saturation.SAT, value, error));
    outputs.put("scale", scaleExpectation());
    return new Expectation(outputs);
  }

  private Expected scaleExpectation() {
    double inexact = model.div() <= model.op() ? 0 : model.div();
    double[] value = new double[amax.length];
    double[] error = new double[amax.length];
    for (int i = 0; i < amax.length; i++) {
      value[i] = scale(amax[i], 0);
      if (inexact > 0 && Double.isFinite(value[i])) {
        double low = scale(amax[i], -inexact);
        double high = scale(amax[i], inexact);
        error[i] = Math.max(high - value[i], value[i] - low);
      }
    }
    return Expected.Interval.all(rule.scaleDtype(), Saturation.NONSAT, value, error);
  }

  /** Returns the scale of a block whose division errs by a relative amount. */
  private double scale(double amax, double relative) {
    boolean finite = Double.isFinite(amax);
    if (!finite && rule.scaleDtype() == DType.E8M0) {
      return Double.NaN;
    }
    float quotient = (float) ((float) amax / (float) MAX * (1 + relative));
    return finite && rule.mode() == ScaleMode.UE8M0_CEIL ? E8m0.ceilLog2Scale(quotient) : quotient;
  }
}
