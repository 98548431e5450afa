package org.touchstone.backends.opencl;

/** Shapes of a kernel; every operator has both. */
public enum Variant {
  /** One work-item per group, which works on vectors: for drivers that run on a processor. */
  CPU,
  /** Many work-items per group, which share local memory. */
  GPU;

  /** Returns the name as it ends a kernel's name. */
  public String suffix() {
    return this == CPU ? "cpu" : "gpu";
  }
}
