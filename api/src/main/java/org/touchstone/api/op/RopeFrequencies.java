package org.touchstone.api.op;

/** Frequencies of rotary embeddings, in FP64. */
final class RopeFrequencies {
  private RopeFrequencies() {}

  static double[] of(RopeFreqsSpec spec) {
    int pairs = Math.toIntExact(spec.rotaryDim() / 2);
    double[] frequencies = new double[pairs];
    for (int i = 0; i < pairs; i++) {
      double plain = Math.pow(spec.base(), -2.0 * i / spec.rotaryDim());
      frequencies[i] =
          switch (spec.scaling()) {
            case RopeScaling.None none -> plain;
            case RopeScaling.Linear linear -> plain / linear.factor();
            case RopeScaling.Llama3 llama3 -> llama3(plain, llama3);
            case RopeScaling.Yarn yarn -> yarn(plain, i, spec, yarn);
          };
    }
    return frequencies;
  }

  private static double llama3(double plain, RopeScaling.Llama3 scaling) {
    double wavelength = 2 * Math.PI / plain;
    if (wavelength < scaling.originalContext() / scaling.highFrequencyFactor()) {
      return plain;
    }
    if (wavelength > scaling.originalContext() / scaling.lowFrequencyFactor()) {
      return plain / scaling.factor();
    }
    double t =
        (scaling.originalContext() / wavelength - scaling.lowFrequencyFactor())
            / (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
    return plain * (t + (1 - t) / scaling.factor());
  }

  private static double yarn(double plain, int pair, RopeFreqsSpec spec, RopeScaling.Yarn scaling) {
    double low = dimensionOf(scaling.betaFast(), spec, scaling);
    double high = dimensionOf(scaling.betaSlow(), spec, scaling);
    if (scaling.correction() == RopeScaling.Yarn.Correction.TRUNCATED) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.clamp(low, 0, spec.rotaryDim() - 1.0);
    high = Math.clamp(high, 0, spec.rotaryDim() - 1.0);
    if (low == high) {
      high += 0.001;
    }
    double ramp = Math.clamp((pair - low) / (high - low), 0.0, 1.0);
    return plain * (ramp / scaling.factor() + 1 - ramp);
  }

  private static double dimensionOf(
      double rotations, RopeFreqsSpec spec, RopeScaling.Yarn scaling) {
    return spec.rotaryDim()
        * Math.log(scaling.originalContext() / (2 * Math.PI * rotations))
        / (2 * Math.log(spec.base()));
  }
}
