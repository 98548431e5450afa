package org.touchstone.api;

/**
 * Says what executes a kernel, and so what a passed test proves; shown in devices, receipts and
 * reports.
 */
public enum Evidence {
  /** The silicon that the backend is written for. */
  HARDWARE,
  /** A software implementation of the programming interface on the host's processor. */
  SOFTWARE,
  /** A simulator that executes the shipped kernel code. */
  SIMULATOR
}
