package com.example.acme;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AddArgs;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.Plan;

/** {@code y = a + b} in FP32. */
final class AcmeAdd {
  private AcmeAdd() {}

  static Plan<AddArgs> plan() {
    return Plan.runs("acme_add", KernelTraits.PLAIN_F32, (queue, args, workspace) -> run(args));
  }

  private static void run(AddArgs args) {
    double[] a = HostTensors.doubles(AcmeMemory.view(args.a()));
    double[] b = HostTensors.doubles(AcmeMemory.view(args.b()));
    double[] y = new double[a.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (float) a[i] + (float) b[i];
    }
    HostTensors.write(AcmeMemory.view(args.y()), y, Saturation.NONSAT);
  }
}
