package org.touchstone.conformance.run;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.touchstone.api.Device;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Dim;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.TestCase;

/** Checks that a row's result does not depend on the rows beside it. */
final class BatchInvariance {
  private final TestCase testCase;
  private final Device device;
  private final Operator<?> operator;
  private final Queue queue;
  private final Arena arena;
  private final String symbol;

  BatchInvariance(
      TestCase testCase, Device device, Operator<?> operator, Queue queue, Arena arena) {
    this.testCase = testCase;
    this.device = device;
    this.operator = operator;
    this.queue = queue;
    this.arena = arena;
    this.symbol = testCase.batchSymbol().orElseThrow();
  }

  /** Runs single rows and a part of the batch and compares their bits with the whole batch. */
  List<String> findings(Map<String, Tensor> inputs, Map<String, Tensor> whole) {
    long rows = testCase.extents().getOrDefault(symbol, 0L);
    List<String> findings = new ArrayList<>();
    Set<List<Long>> parts = new LinkedHashSet<>();
    if (rows > 1) {
      parts.add(List.of(0L, 1L));
      parts.add(List.of(rows / 2, rows / 2 + 1));
      parts.add(List.of(rows - 1, rows));
      parts.add(List.of(rows / 3, rows));
    }
    for (List<Long> part : parts) {
      findings.addAll(findings(inputs, whole, part.getFirst(), part.getLast()));
    }
    return findings;
  }

  private List<String> findings(
      Map<String, Tensor> inputs, Map<String, Tensor> whole, long from, long to) {
    Map<String, Tensor> cutInputs = new LinkedHashMap<>();
    Map<String, Shape> shapes = new LinkedHashMap<>();
    Map<String, Tensor> expected = new LinkedHashMap<>();
    for (Slot slot : testCase.spec().signature().slots()) {
      if (!testCase.present(slot)) {
        continue;
      }
      Tensor input = inputs.get(slot.name());
      if (input != null) {
        cutInputs.put(slot.name(), cut(slot, input, from, to));
      }
      Tensor output = whole.get(slot.name());
      if (output != null) {
        expected.put(slot.name(), cut(slot, output, from, to));
      }
      long[] dims = testCase.shape(slot).dims();
      dimension(slot).ifPresent(d -> dims[d] = to - from);
      shapes.put(slot.name(), Shape.of(dims));
    }
    try (Launch launch = Launch.of(testCase, device, queue, cutInputs, shapes, arena)) {
      return CaseRunner.differences(
          "a batch of rows " + from + " to " + (to - 1), expected, launch.run(operator).outputs());
    }
  }

  private Tensor cut(Slot slot, Tensor dense, long from, long to) {
    OptionalInt dimension = dimension(slot);
    if (dimension.isEmpty()) {
      return dense;
    }
    Tensor view = dense.slice(dimension.getAsInt(), from, to);
    Tensor copy = HostTensors.allocate(arena, dense.dtype(), view.shape().dims());
    HostTensors.writeCodes(copy, HostTensors.codes(view));
    return copy;
  }

  private OptionalInt dimension(Slot slot) {
    List<Dim> dims = slot.dims();
    if (dims == null) {
      throw new IllegalStateException(testCase + " cannot cut " + slot.name() + " of any shape");
    }
    OptionalInt found = OptionalInt.empty();
    for (int d = 0; d < dims.size(); d++) {
      Dim dim = dims.get(d);
      if (!symbol.equals(dim.symbol())) {
        continue;
      }
      if (dim.factor() != 1 || dim.divisor() != 1 || dim.offset() != 0 || found.isPresent()) {
        throw new IllegalStateException(
            testCase + " names batch " + symbol + ", but " + slot.name() + " has it as " + dim);
      }
      found = OptionalInt.of(d);
    }
    return found;
  }
}
