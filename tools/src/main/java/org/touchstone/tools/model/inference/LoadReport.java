package org.touchstone.tools.model.inference;

import java.util.Locale;

/**
 * Where the bytes of a model's weights went.
 *
 * @param inPlace bytes used where the checkpoint is mapped
 * @param copied bytes of tensors that were copied to the device, stacked experts included
 * @param packed bytes of tensors that were packed into a layout of the device
 * @param converted bytes of tensors that were converted to another element type
 */
public record LoadReport(long inPlace, long copied, long packed, long converted) {
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%.1f MB in place, %.1f MB copied, %.1f MB packed, %.1f MB converted",
        inPlace / 1e6,
        copied / 1e6,
        packed / 1e6,
        converted / 1e6);
  }
}
