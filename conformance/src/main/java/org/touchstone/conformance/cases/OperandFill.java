package org.touchstone.conformance.cases;

import org.touchstone.api.format.DType;
import org.touchstone.conformance.data.InputData;

/** Operands {@code a}, {@code b} of a matrix product and their scales, by family. */
final class OperandFill {
  /** Factor that lifts products of subnormal numbers back among the normal ones. */
  private static final double LIFT = 0x1p100;

  private OperandFill() {}

  static void fill(InputData data) {
    data.floats("a");
    data.floats("b");
    boolean wide = data.tensor("a").dtype() == DType.F32 || data.tensor("a").dtype() == DType.BF16;
    if (wide && data.family() == DataFamily.SUBNORMAL) {
      // a product of two subnormals is zero whatever a kernel does
      data.uniform("b", -LIFT, LIFT);
    }
    if (wide && data.family() == DataFamily.SATURATING) {
      // as large as can be without an overflow whose place depends on the order of additions
      data.large("a", 0x1p60);
      data.large("b", 0x1p66 / Math.max(1, data.testCase().reduction()));
    }
    for (String scale : new String[] {"scaleA", "scaleB"}) {
      if (data.has(scale)) {
        data.scales(scale);
      }
    }
  }
}
