package org.touchstone.conformance.bench;

import java.util.Map;
import java.util.Optional;
import org.touchstone.api.Tensor;
import org.touchstone.conformance.cases.TestCase;

/** Another program that can do the same work, found by {@link java.util.ServiceLoader}. */
public interface Peer {
  /** Returns the program and its version, for example {@code oneDNN 3.11 BF16}. */
  String name();

  /**
   * Prepares a workload.
   *
   * @param testCase the operator and its size
   * @param inputs dense host tensors by slot, which stay valid until the work is closed
   * @param threads threads that our device uses
   * @return empty when the program has no such operator
   */
  Optional<Work> prepare(TestCase testCase, Map<String, Tensor> inputs, int threads);

  /** Prepared work of a peer. */
  interface Work extends AutoCloseable {
    /** Does it once and waits for the end. */
    void run();

    /** Returns the operator's first output as FP32 in row-major order, computed by {@link #run}. */
    float[] output();

    @Override
    void close();
  }
}
