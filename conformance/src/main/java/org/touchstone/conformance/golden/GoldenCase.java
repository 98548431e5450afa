package org.touchstone.conformance.golden;

import java.util.LinkedHashMap;
import java.util.Map;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.oracle.Expected;

/**
 * A case with everything that a program without the suite needs. Tensors are dense host tensors
 * that live as long as the arena that they were made in.
 *
 * @param name complete name
 * @param op the operator
 * @param spec what a kernel is compiled for
 * @param inputs tensors that are read, by slot
 * @param outputs what {@code cpu://reference} returned, by slot: one of the right answers
 * @param expected what a plain FP32 kernel may return, by slot
 */
public record GoldenCase(
    String name,
    String op,
    OpSpec<?> spec,
    Map<String, Tensor> inputs,
    Map<String, Tensor> outputs,
    Map<String, Expected> expected) {
  /** Copies the maps and keeps their order. */
  public GoldenCase {
    inputs = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    outputs = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    expected = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(expected));
  }
}
