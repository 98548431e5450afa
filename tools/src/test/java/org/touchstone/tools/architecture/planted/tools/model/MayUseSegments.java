package org.touchstone.tools.architecture.planted.tools.model;

import java.lang.foreign.MemorySegment;

public final class MayUseSegments {
  private MayUseSegments() {}

  static long size(MemorySegment segment) {
    return segment.byteSize();
  }
}
