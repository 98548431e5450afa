package org.touchstone.conformance.run;

import java.util.List;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;

/** Looks at the elements of a large output that the reference did not compute. */
final class Unjudged {
  private Unjudged() {}

  /** Finds elements that were not written, and NaN where no judged element is NaN. */
  static List<String> findings(String slot, Expected expected, Tensor actual) {
    long[] index =
        switch (expected) {
          case Expected.Interval interval -> interval.index();
          case Expected.Codes codes -> codes.index();
          case Expected.Verified verified -> new long[0];
        };
    if (index == null) {
      return List.of();
    }
    DType dtype = actual.dtype();
    long[] codes = HostTensors.codes(actual);
    boolean nanExpected = false;
    for (long at : index) {
      nanExpected |= isNan(dtype, codes[(int) at]);
    }
    int next = 0;
    long unwritten = 0;
    long nan = 0;
    long first = -1;
    for (int i = 0; i < codes.length; i++) {
      if (next < index.length && index[next] == i) {
        next++;
        continue;
      }
      boolean poison = Poison.unwritten(dtype, codes[i]) && !(nanExpected && dtype.bits() == 8);
      boolean wrongNan = !poison && !nanExpected && isNan(dtype, codes[i]);
      unwritten += poison ? 1 : 0;
      nan += wrongNan ? 1 : 0;
      first = first < 0 && (poison || wrongNan) ? i : first;
    }
    return first < 0
        ? List.of()
        : List.of(
            unwritten
                + " elements of "
                + slot
                + " were not written and "
                + nan
                + " are NaN; the first is element "
                + first);
  }

  private static boolean isNan(DType dtype, long code) {
    return dtype.isFloat() && dtype.format().isNan((int) code);
  }
}
