package org.touchstone.api;

import java.io.Serializable;

/**
 * Declares what a kernel does numerically, as far as a correct result may depend on it. The
 * conformance suite derives every error bound from this declaration, and a declaration that is not
 * true fails.
 *
 * @param accumulator how dot products are added up
 * @param chain the longest chain of additions that a term passes through
 * @param roundPoints where the kernel rounds inside the operator
 * @param subnormals what happens to subnormal numbers
 * @param deterministic whether two runs give the same bits
 * @param batchInvariant whether a row's bits do not depend on the other rows
 * @param ulps errors of the elementary functions
 * @param evidence what executes the kernel
 */
public record KernelTraits(
    Accumulator accumulator,
    Chain chain,
    RoundPoints roundPoints,
    Subnormals subnormals,
    Promise deterministic,
    Promise batchInvariant,
    Ulps ulps,
    Evidence evidence)
    implements Serializable {
  /**
   * A deterministic, batch-invariant FP32 kernel that adds in sequence and rounds nowhere inside.
   */
  public static final KernelTraits PLAIN_F32 =
      new KernelTraits(
          Accumulator.F32,
          Chain.SEQUENTIAL,
          RoundPoints.NONE,
          Subnormals.KEPT,
          Promise.HOLDS,
          Promise.HOLDS,
          new Ulps(2, 1, 0.5, 2, 2),
          Evidence.HARDWARE);

  /** Returns these traits with another accumulator. */
  public KernelTraits with(Accumulator other) {
    return new KernelTraits(
        other, chain, roundPoints, subnormals, deterministic, batchInvariant, ulps, evidence);
  }

  /** Returns these traits with another chain. */
  public KernelTraits with(Chain other) {
    return new KernelTraits(
        accumulator, other, roundPoints, subnormals, deterministic, batchInvariant, ulps, evidence);
  }

  /** Returns these traits with other round points. */
  public KernelTraits with(RoundPoints other) {
    return new KernelTraits(
        accumulator, chain, other, subnormals, deterministic, batchInvariant, ulps, evidence);
  }

  /** Returns these traits with another handling of subnormal numbers. */
  public KernelTraits with(Subnormals other) {
    return new KernelTraits(
        accumulator, chain, roundPoints, other, deterministic, batchInvariant, ulps, evidence);
  }

  /** Returns these traits with other function errors. */
  public KernelTraits with(Ulps other) {
    return new KernelTraits(
        accumulator,
        chain,
        roundPoints,
        subnormals,
        deterministic,
        batchInvariant,
        other,
        evidence);
  }

  /** Returns these traits with other evidence. */
  public KernelTraits with(Evidence other) {
    return new KernelTraits(
        accumulator, chain, roundPoints, subnormals, deterministic, batchInvariant, ulps, other);
  }

  /** Returns these traits with another promise of run-to-run determinism. */
  public KernelTraits withDeterministic(Promise promise) {
    return new KernelTraits(
        accumulator, chain, roundPoints, subnormals, promise, batchInvariant, ulps, evidence);
  }

  /** Returns these traits with another promise of batch invariance. */
  public KernelTraits withBatchInvariant(Promise promise) {
    return new KernelTraits(
        accumulator, chain, roundPoints, subnormals, deterministic, promise, ulps, evidence);
  }
}
