package org.touchstone.backends.spi;

import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;

/** Errors that packing shares. */
final class Packing {
  private Packing() {}

  static HalException unknown(Layout layout, BackendDevice device) {
    return new HalException(
        ErrorCode.LAYOUT,
        "layout " + layout + " is not known to " + device.getClass().getSimpleName(),
        null,
        null,
        "use the layout that Operator.preferredLayout returns",
        null);
  }
}
