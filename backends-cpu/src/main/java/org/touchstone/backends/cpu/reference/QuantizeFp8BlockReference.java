package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.QuantizeFp8BlockArgs;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** Quantises tiles of a weight; see {@link BlockQuantisation}. */
final class QuantizeFp8BlockReference
    implements Reference<QuantizeFp8BlockSpec, QuantizeFp8BlockArgs> {
  @Override
  public Expectation expect(
      QuantizeFp8BlockSpec spec,
      QuantizeFp8BlockArgs args,
      OracleRequest request,
      CpuThreads threads) {
    return quantisation(spec, args, request).judge(args.scale());
  }

  @Override
  public void run(
      QuantizeFp8BlockSpec spec,
      QuantizeFp8BlockArgs args,
      OracleRequest request,
      CpuThreads threads) {
    Results.store(args, quantisation(spec, args, request).compute());
  }

  private static BlockQuantisation quantisation(
      QuantizeFp8BlockSpec spec, QuantizeFp8BlockArgs args, OracleRequest request) {
    BlockQuantisation.Rule rule =
        new BlockQuantisation.Rule(
            Math.toIntExact(spec.rows()),
            Math.toIntExact(spec.columns()),
            spec.blockRows(),
            spec.blockColumns(),
            spec.scaleMode(),
            spec.scaleDtype(),
            spec.amaxFloor());
    return new BlockQuantisation(rule, HostTensors.doubles(args.w()), new ErrorModel(request));
  }
}
