package org.touchstone.backends.cpu.reference;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/**
 * The reference of one operator.
 *
 * @param <S> the spec
 * @param <A> the arguments
 */
interface Reference<S extends OpSpec<A>, A extends Args> {
  /**
   * Computes exact values and error bounds. Inputs are read before anything is written, so outputs
   * may share memory with inputs.
   */
  Expectation expect(S spec, A args, OracleRequest request, CpuThreads threads);

  /** Computes the outputs as a device does. Operators with a free choice override it. */
  default void run(S spec, A args, OracleRequest request, CpuThreads threads) {
    Results.store(args, expect(spec, args, request, threads));
  }

  /** Returns what the reference declares when it is run as a device. */
  static KernelTraits traits() {
    return ReferenceDevice.TRAITS;
  }
}
