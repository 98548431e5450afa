package org.touchstone.api;

/** Says how a device's memory is reached from the host. */
public enum HostAccess {
  /**
   * Buffers are host memory: {@link Buffer#host()} works and {@link Device#wrap} copies nothing.
   */
  DIRECT,
  /** Buffers are reached through {@link Queue#copy} only. */
  COPY
}
