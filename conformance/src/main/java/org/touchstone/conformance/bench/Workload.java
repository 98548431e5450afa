package org.touchstone.conformance.bench;

import java.util.function.ToDoubleFunction;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;

/**
 * Something to time.
 *
 * @param name unique, for example {@code gemm-fp8-m1-7168x7168}
 * @param testCase the operator at its size, with data and a sample to judge
 * @param operations floating-point operations of a launch; a multiply-add is two
 * @param bytes bytes that a launch has to move at least, which may depend on the data
 */
public record Workload(
    String name, TestCase testCase, double operations, ToDoubleFunction<InputData> bytes) {}
