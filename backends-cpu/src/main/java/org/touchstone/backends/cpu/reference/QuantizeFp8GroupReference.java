package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** Quantises groups of a row; see {@link BlockQuantisation}. */
final class QuantizeFp8GroupReference
    implements Reference<QuantizeFp8GroupSpec, QuantizeFp8GroupArgs> {
  @Override
  public Expectation expect(
      QuantizeFp8GroupSpec spec,
      QuantizeFp8GroupArgs args,
      OracleRequest request,
      CpuThreads threads) {
    return quantisation(spec, args, request).judge(args.scale());
  }

  @Override
  public void run(
      QuantizeFp8GroupSpec spec,
      QuantizeFp8GroupArgs args,
      OracleRequest request,
      CpuThreads threads) {
    Results.store(args, quantisation(spec, args, request).compute());
  }

  private static BlockQuantisation quantisation(
      QuantizeFp8GroupSpec spec, QuantizeFp8GroupArgs args, OracleRequest request) {
    BlockQuantisation.Rule rule =
        new BlockQuantisation.Rule(
            Math.toIntExact(args.x().dim(0)),
            Math.toIntExact(spec.columns()),
            1,
            spec.group(),
            spec.scaleMode(),
            spec.scaleDtype(),
            spec.amaxFloor());
    return new BlockQuantisation(rule, HostTensors.doubles(args.x()), new ErrorModel(request));
  }
}
