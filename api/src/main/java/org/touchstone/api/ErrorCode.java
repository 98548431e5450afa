package org.touchstone.api;

/**
 * Classifies every failure that the HAL reports; the same mistake has the same code on every
 * backend.
 */
public enum ErrorCode {
  /** A required tensor is missing, or a tensor was given where the spec has none. */
  MISSING_TENSOR,
  /** A tensor's rank or extent differs from what the spec and the other tensors say. */
  SHAPE,
  /** A tensor's element type differs from the spec's. */
  DTYPE,
  /** A tensor's layout differs from the one that the spec names. */
  LAYOUT,
  /** A tensor's strides are not legal for its slot. */
  STRIDES,
  /** A byte offset is not a multiple of the element size. */
  MISALIGNED,
  /** Two tensors share bytes although at least one of them is written. */
  OVERLAP,
  /** A tensor is written although its memory is read-only. */
  READ_ONLY,
  /** A tensor reaches outside its buffer. */
  OUT_OF_BOUNDS,
  /** A size is negative. */
  NEGATIVE_SIZE,
  /** A size does not fit into 63 bits. */
  SIZE_OVERFLOW,
  /** A tensor, queue or operator belongs to another device. */
  WRONG_DEVICE,
  /** The object, or something that it depends on, is already closed. */
  CLOSED,
  /** A descriptor is inconsistent in itself. */
  INVALID_SPEC,
  /** The device cannot run the spec; the message holds the reason and a remedy. */
  UNSUPPORTED,
  /** No device satisfies the selection; the message is the decision table. */
  NO_DEVICE,
  /** A device name or URI is not known. */
  UNKNOWN_DEVICE,
  /** Memory of the device or of the host is exhausted. */
  OUT_OF_MEMORY,
  /** A driver or a native library answered with an error status. */
  NATIVE_FAILURE,
  /** The device no longer answers. */
  DEVICE_LOST,
  /** An earlier asynchronous failure poisoned the queue; the cause is that first failure. */
  QUEUE_POISONED,
  /** A time limit passed. */
  TIMEOUT,
  /** The calling thread was interrupted while waiting. */
  INTERRUPTED,
  /** A configuration value cannot be used. */
  CONFIGURATION,
  /** A backend broke its contract. */
  INTERNAL
}
