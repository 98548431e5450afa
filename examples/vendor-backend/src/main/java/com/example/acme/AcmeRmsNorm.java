package com.example.acme;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.Plan;

/** {@code y = x w / sqrt(mean(x^2) + eps)} in FP32, rounded once. */
final class AcmeRmsNorm {
  private AcmeRmsNorm() {}

  static Plan<RmsNormArgs> plan(RmsNormSpec spec) {
    if (spec.variant() != RmsNormVariant.FP32_MUL && spec.variant() != RmsNormVariant.NO_WEIGHT) {
      return Plan.refuses(ReasonCode.PARAMETER, "variant " + spec.variant() + " rounds twice");
    }
    return Plan.runs(
        "acme_rms_norm", KernelTraits.PLAIN_F32, (queue, args, workspace) -> run(spec, args));
  }

  private static void run(RmsNormSpec spec, RmsNormArgs args) {
    Tensor w = args.w();
    double[] weight = w == null ? new double[0] : HostTensors.doubles(AcmeMemory.view(w));
    for (long t = 0; t < args.x().dim(0); t++) {
      double[] row = HostTensors.doubles(AcmeMemory.view(args.x()).slice(0, t, t + 1));
      float squares = 0;
      for (double x : row) {
        squares += (float) x * (float) x;
      }
      float scale = 1 / (float) Math.sqrt(squares / row.length + spec.eps());
      for (int j = 0; j < row.length; j++) {
        float normal = (float) row[j] * scale;
        row[j] = weight.length == 0 ? normal : normal * (float) weight[j];
      }
      HostTensors.write(AcmeMemory.view(args.y()).slice(0, t, t + 1), row, Saturation.NONSAT);
    }
  }
}
