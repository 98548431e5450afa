package org.touchstone.backends.oracle;

import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/**
 * Computes what a correct kernel may return, found by {@link java.util.ServiceLoader}.
 *
 * <p>Tensors are host tensors. Outputs hold what the device returned: an operator with discrete
 * choices (routes, codes) first judges the device's own choice and then derives everything
 * downstream from it. In-out tensors hold the device's result; their content before the launch is
 * in {@link OracleRequest#before}.
 */
public interface Oracle {
  /** Returns the expectation for every output that is present. */
  <A extends Args> Expectation expect(OpSpec<A> spec, A args, OracleRequest request);
}
