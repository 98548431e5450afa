package org.touchstone.tools.model.safetensors;

/** Advice that several checks give. */
final class Remedy {
  static final String COPY_AGAIN =
      "the file is truncated, corrupt or not in safetensors format: copy it again and compare its"
          + " size or checksum with the original";

  private Remedy() {}
}
