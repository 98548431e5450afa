package org.touchstone.tools.architecture.planted.api.op;

import java.lang.foreign.MemorySegment;

public final class UsesSegments {
  private UsesSegments() {}

  static long size(MemorySegment segment) {
    return segment.byteSize();
  }
}
