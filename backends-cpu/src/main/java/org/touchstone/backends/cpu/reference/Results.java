package org.touchstone.backends.cpu.reference;

import java.util.Map;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.op.Args;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;

/** Writes expected values into output tensors, rounded as the operator declares. */
final class Results {
  private Results() {}

  static void store(Args args, Expectation expectation) {
    for (Map.Entry<String, Expected> output : expectation.outputs().entrySet()) {
      Tensor tensor = args.tensor(output.getKey());
      if (tensor == null) {
        throw new HalException(
            ErrorCode.INTERNAL, "the reference computed the absent output " + output.getKey());
      }
      switch (output.getValue()) {
        case Expected.Interval interval -> {
          FloatFormat format = interval.type().format();
          long[] codes = new long[interval.value().length];
          for (int i = 0; i < codes.length; i++) {
            codes[i] =
                Integer.toUnsignedLong(format.encode(interval.value()[i], interval.saturation()));
          }
          store(tensor, interval.index(), codes);
        }
        case Expected.Codes codes -> store(tensor, codes.index(), codes.codes());
        case Expected.Verified verified ->
            throw new HalException(
                ErrorCode.INTERNAL,
                output.getKey() + " has no single expected value; override run");
      }
    }
  }

  private static void store(
      Tensor tensor, long @org.jspecify.annotations.Nullable [] index, long[] codes) {
    if (index == null) {
      HostTensors.writeCodes(tensor, codes);
      return;
    }
    long[] all = HostTensors.codes(tensor);
    for (int i = 0; i < index.length; i++) {
      all[Math.toIntExact(index[i])] = codes[i];
    }
    HostTensors.writeCodes(tensor, all);
  }
}
