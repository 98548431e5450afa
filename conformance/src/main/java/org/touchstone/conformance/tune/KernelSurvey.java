package org.touchstone.conformance.tune;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.Layout;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.spi.KernelInspector;
import org.touchstone.backends.spi.KernelInspector.LaunchedKernel;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.CaseRunner;
import org.touchstone.conformance.run.Launch;
import org.touchstone.conformance.run.Session;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the kernels of operators take of a device, one row per kernel function of an operator at a
 * large L1 case.
 *
 * @param device URI of the device
 * @param rows in the order of operators and launches
 */
public record KernelSurvey(String device, List<Row> rows) {
  private static final int SCHEMA = 1;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Copies the rows. */
  public KernelSurvey {
    rows = List.copyOf(rows);
  }

  /**
   * A kernel function of an operator.
   *
   * @param op the operator
   * @param kernel the operator's kernel as receipts name it
   * @param launch the launch that takes the most local memory
   * @param launches how often the operator launches the function
   * @param bytes bytes of all tensors of the operator, each moved once, by elements of its outputs
   * @param operations floating-point operations of the operator's sums by elements of its outputs;
   *     a multiply-add is two; 0 when it adds nothing up
   */
  public record Row(
      Op op, String kernel, LaunchedKernel launch, int launches, double bytes, double operations) {}

  /**
   * Launches operators on a device and looks on.
   *
   * @param mostElements of all tensors of a case, where the operator has a case as small
   * @throws ConformanceException when nobody can look at the device's kernels
   */
  public static KernelSurvey of(String uri, List<Op> ops, long mostElements) {
    try (Hal hal = Hal.open()) {
      String backend =
          hal.devices().stream()
              .filter(d -> d.uri().equals(uri))
              .map(DeviceInfo::backend)
              .findFirst()
              .orElseThrow(
                  () ->
                      new ConformanceException(
                          ExitCode.DEVICE_MISSING, "no device is named '" + uri + "'"));
      KernelInspector inspector =
          ServiceLoader.load(KernelInspector.class).stream()
              .map(ServiceLoader.Provider::get)
              .filter(i -> i.backend().equals(backend))
              .findFirst()
              .orElseThrow(
                  () ->
                      new ConformanceException(
                          ExitCode.USAGE, "nothing tells what the kernels of " + uri + " take"));
      List<Row> rows = new ArrayList<>();
      try (Session session = Session.open(hal, uri, Instruments.NONE, Session.findOracle())) {
        for (Op op : ops) {
          TestCase testCase = TuningWorkloads.largest(op, mostElements);
          if (session.device().support(testCase.spec()).supported()) {
            rows.addAll(rows(testCase, session, inspector));
          }
        }
      }
      return new KernelSurvey(uri, rows);
    }
  }

  private static List<Row> rows(TestCase testCase, Session session, KernelInspector inspector) {
    Operator<?> plain = session.prepare(testCase.spec());
    Optional<Layout> layout = CaseRunner.layout(testCase, plain);
    Operator<?> operator =
        layout.isEmpty()
            ? plain
            : session.prepare(testCase.packing().orElseThrow().spec().apply(layout.get()));
    List<LaunchedKernel> launches;
    try (Arena arena = Arena.ofShared();
        Queue queue = session.device().openQueue()) {
      InputData data = InputData.of(testCase, arena);
      try (Launch launch = Launch.of(testCase, session.device(), queue, data, arena)) {
        layout.ifPresent(l -> pack(launch, testCase, session.device(), l));
        launches = inspector.watch(() -> launch.run(operator));
      }
    }
    Map<String, List<LaunchedKernel>> functions = new LinkedHashMap<>();
    launches.forEach(l -> functions.computeIfAbsent(l.function(), f -> new ArrayList<>()).add(l));
    List<Row> rows = new ArrayList<>();
    functions.forEach(
        (function, same) ->
            rows.add(
                new Row(
                    testCase.op(),
                    operator.kernel(),
                    same.stream()
                        .max(Comparator.comparingLong(LaunchedKernel::localBytes))
                        .orElseThrow(),
                    same.size(),
                    (double) bytes(testCase) / outputs(testCase),
                    testCase.reduction() == 1 ? 0 : 2.0 * testCase.reduction())));
    return rows;
  }

  private static void pack(Launch launch, TestCase testCase, Device device, Layout layout) {
    launch.pack(testCase.packing().orElseThrow().slots(), device, layout);
  }

  private static long bytes(TestCase testCase) {
    return testCase.spec().signature().slots().stream()
        .filter(testCase::present)
        .mapToLong(slot -> slot.dtype().bytesFor(testCase.shape(slot).elements()))
        .sum();
  }

  private static long outputs(TestCase testCase) {
    return Math.max(
        1,
        testCase.spec().signature().slots().stream()
            .filter(testCase::present)
            .filter(Slot::written)
            .mapToLong(slot -> testCase.shape(slot).elements())
            .sum());
  }

  /** Returns one JSON object, schema 1, in one line. */
  public String json() {
    Map<String, @Nullable Object> root = new LinkedHashMap<>();
    root.put("schema", SCHEMA);
    root.put("device", device);
    root.put("kernels", rows.stream().map(KernelSurvey::fields).toList());
    return JSON.writeValueAsString(root) + "\n";
  }

  private static Map<String, @Nullable Object> fields(Row row) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("op", row.op().opName());
    fields.put("kernel", row.kernel());
    fields.put("function", row.launch().function());
    fields.put("source", row.launch().source());
    fields.put("launches", row.launches());
    fields.put("groups", row.launch().groups());
    fields.put("group_size", row.launch().groupSize());
    fields.put("largest_group", row.launch().largestGroup());
    fields.put("preferred_multiple", row.launch().multiple());
    fields.put("local_bytes", row.launch().localBytes());
    row.launch().privateBytes().ifPresent(bytes -> fields.put("private_bytes", bytes));
    row.launch()
        .access()
        .ifPresent(
            access -> {
              access.loadsUsed().ifPresent(used -> fields.put("loads_used_percent", used));
              access.storesUsed().ifPresent(used -> fields.put("stores_used_percent", used));
            });
    fields.put("bytes_per_output", row.bytes());
    fields.put("operations_per_output", row.operations());
    return fields;
  }
}
