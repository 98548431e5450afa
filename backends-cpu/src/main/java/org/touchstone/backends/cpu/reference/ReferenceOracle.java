package org.touchstone.backends.cpu.reference;

import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.oracle.OracleRequest;

/** The suite's oracle. Thread-safe. */
public final class ReferenceOracle implements Oracle {
  private final CpuThreads threads =
      new CpuThreads(CpuThreads.configured(Configuration.of(java.util.Map.of())));

  /** Created by the service loader. */
  public ReferenceOracle() {}

  @Override
  public <A extends Args> Expectation expect(OpSpec<A> spec, A args, OracleRequest request) {
    return References.of(spec)
        .orElseThrow(
            () ->
                new HalException(
                    ErrorCode.UNSUPPORTED,
                    "the reference does not cover it",
                    spec.op().opName(),
                    null,
                    null,
                    null))
        .expect(spec, args, request, threads);
  }
}
