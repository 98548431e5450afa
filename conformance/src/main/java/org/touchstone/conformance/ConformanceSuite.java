package org.touchstone.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Op;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.conformance.ConformanceRequest.Proof;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.OperatorCases;
import org.touchstone.conformance.expect.Expectations;
import org.touchstone.conformance.expect.Verdicts;
import org.touchstone.conformance.judge.Bias;
import org.touchstone.conformance.mutants.MutantCatalog;
import org.touchstone.conformance.mutants.Prover;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Session;

/**
 * Runs conformance cases on devices.
 *
 * <pre>{@code
 * ConformanceReport report =
 *     ConformanceSuite.run(
 *         ConformanceRequest.builder().device("cpu://simd").level(Level.L1).build(),
 *         ConformanceListener.NONE);
 * ReportFormat.JSON.write(report, out);
 * System.exit(report.exit().code());
 * }</pre>
 */
public final class ConformanceSuite {
  private final Hal hal;
  private final Oracle oracle;
  private final CaseCatalog catalog;

  /** Creates a suite over a HAL, a reference and a catalogue; closes none of them. */
  public ConformanceSuite(Hal hal, Oracle oracle, CaseCatalog catalog) {
    this.hal = hal;
    this.oracle = oracle;
    this.catalog = catalog;
  }

  /**
   * Opens the HAL and runs a request with the standard catalogue.
   *
   * @throws ConformanceException when the request cannot be carried out
   */
  public static ConformanceReport run(ConformanceRequest request, ConformanceListener listener) {
    try (Hal hal = Hal.open(request.options())) {
      return new ConformanceSuite(hal, Session.findOracle(), CaseCatalog.standard())
          .carryOut(request, listener);
    }
  }

  /** Returns the names of all cases and checks that a request selects, in order; runs nothing. */
  public static List<String> list(ConformanceRequest request) {
    List<Item> all = ItemChoice.all(CaseCatalog.standard());
    return ItemChoice.of(all, request).stream().map(Item::name).toList();
  }

  /**
   * Runs a request.
   *
   * @throws ConformanceException when the request cannot be carried out
   */
  public ConformanceReport carryOut(ConformanceRequest request, ConformanceListener listener) {
    List<Item> all = ItemChoice.all(catalog);
    List<Item> items = ItemChoice.of(all, request);
    List<DeviceInfo> devices = DeviceChoice.of(hal, request);
    if (request.proof() == Proof.MUTANTS) {
      return prove(all, devices, request, listener);
    }
    Optional<Long> deadline =
        request.timeBudget().map(budget -> System.nanoTime() + budget.toNanos());
    List<CaseResult> results = new ArrayList<>();
    for (DeviceInfo device : devices) {
      Expectations expectations = Expectations.ofBackend(device.backend());
      for (var file : request.expectations()) {
        expectations = expectations.and(Expectations.read(file));
      }
      listener.started(device.uri(), items.size());
      List<CaseResult> rows = run(device, items, expectations, request, deadline, listener);
      results.addAll(rows);
      results.addAll(unused(device, expectations, all, rows));
    }
    return report(request, devices, results, List.of(), List.of());
  }

  private ConformanceReport prove(
      List<Item> all,
      List<DeviceInfo> devices,
      ConformanceRequest request,
      ConformanceListener listener) {
    List<Mutant> mutants =
        MutantCatalog.all().stream()
            .filter(m -> request.ops().isEmpty() || selected(m, request.ops()))
            .toList();
    Prover prover = new Prover(hal, oracle, all, request.caseTimeout());
    List<MutantResult> results = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (DeviceInfo device : devices) {
      listener.started(device.uri(), mutants.size());
      Prover.Proof proof = prover.prove(device, mutants, listener::finished);
      results.addAll(proof.results());
      notes.addAll(proof.notes());
    }
    return report(request, devices, List.of(), results, notes);
  }

  private static boolean selected(Mutant mutant, List<String> names) {
    return names.stream()
        .flatMap(name -> Op.select(name).stream())
        .anyMatch(mutant.ops()::contains);
  }

  private List<CaseResult> run(
      DeviceInfo device,
      List<Item> items,
      Expectations expectations,
      ConformanceRequest request,
      Optional<Long> deadline,
      ConformanceListener listener) {
    String version = version();
    List<CaseResult> rows = new ArrayList<>();
    Map<BiasKey, Bias> biases = new TreeMap<>();
    try (Session session = Session.open(hal, device.uri(), Instruments.NONE, oracle)) {
      DeviceRun run =
          new DeviceRun(
              session,
              request.level(),
              new DeviceRun.Limits(request.threads(), request.caseTimeout(), deadline));
      List<DeviceRun.Finished> finished =
          run.run(
              items, f -> listener.finished(Verdicts.of(row(device, f), expectations, version)));
      for (DeviceRun.Finished f : finished) {
        rows.add(Verdicts.of(row(device, f), expectations, version));
        f.report()
            .bias()
            .forEach(
                (type, bias) ->
                    biases.merge(
                        new BiasKey(f.item().op(), f.report().kernel(), type), bias, Bias::plus));
      }
      long left = session.observation().usage().liveBytes();
      // What hangs still holds its tensors.
      if (left != 0 && !run.hung()) {
        rows.add(
            summary(
                device,
                "memory/left_behind",
                "memory",
                left + " bytes of device memory are left behind after all cases"));
      }
      session
          .observation()
          .violations()
          .forEach(violation -> rows.add(summary(device, "memory/guards", "memory", violation)));
    }
    biases.forEach(
        (key, bias) -> {
          if (bias.judged()) {
            CaseResult row = Verdicts.of(bias(device, key, bias), expectations, version);
            rows.add(row);
            listener.finished(row);
          }
        });
    return rows;
  }

  private record BiasKey(String op, String kernel, DType type) implements Comparable<BiasKey> {
    @Override
    public int compareTo(BiasKey other) {
      return name().compareTo(other.name());
    }

    String name() {
      return "bias/" + op + "/" + kernel.replaceAll("[^A-Za-z0-9_.-]+", "_") + "/" + type;
    }
  }

  private static CaseResult bias(DeviceInfo device, BiasKey key, Bias bias) {
    String text =
        String.format(
            java.util.Locale.ROOT,
            "mean signed error %.3f ulp over %d elements, at most %.1f is rounding to nearest",
            bias.mean(),
            bias.elements(),
            Bias.LIMIT);
    return new CaseResult(
        device.uri(),
        key.name(),
        key.op(),
        bias.fails() ? Outcome.FAIL : Outcome.PASS,
        bias.fails() ? text : "",
        Optional.empty(),
        key.kernel(),
        "",
        0);
  }

  private static CaseResult row(DeviceInfo device, DeviceRun.Finished finished) {
    CaseReport report = finished.report();
    return new CaseResult(
        device.uri(),
        finished.item().name(),
        finished.item().op(),
        report.outcome(),
        report.reason(),
        report.metrics(),
        report.kernel(),
        report.traits(),
        finished.nanos());
  }

  private static CaseResult summary(DeviceInfo device, String name, String op, String reason) {
    return new CaseResult(
        device.uri(), name, op, Outcome.FAIL, reason, Optional.empty(), "", "", 0);
  }

  private static List<CaseResult> unused(
      DeviceInfo device, Expectations expectations, List<Item> all, List<CaseResult> rows) {
    if (expectations.lines().isEmpty()) {
      return List.of();
    }
    Set<String> names = new LinkedHashSet<>();
    all.forEach(item -> names.add(item.name()));
    rows.forEach(row -> names.add(row.name()));
    return expectations.unused(names).stream()
        .map(
            line ->
                summary(
                    device,
                    "expectations/" + line.where(),
                    "expectations",
                    "the line matches no case that an earlier one leaves: " + line))
        .toList();
  }

  private ConformanceReport report(
      ConformanceRequest request,
      List<DeviceInfo> devices,
      List<CaseResult> results,
      List<MutantResult> mutants,
      List<String> earlierNotes) {
    List<String> notes = new ArrayList<>(earlierNotes);
    Counters counters = Counters.of(results);
    ExitCode exit = ExitCode.OK;
    int budget = request.skipBudget().orElse(Integer.MAX_VALUE);
    if (counters.of(Outcome.SKIPPED) > budget) {
      notes.add(counters.of(Outcome.SKIPPED) + " cases were skipped, the budget allows " + budget);
      exit = ExitCode.SKIP_BUDGET;
    }
    boolean proving = request.proof() == Proof.MUTANTS;
    if (proving ? mutants.isEmpty() : counters.executed() == 0) {
      notes.add(
          (proving ? "no seeded defect was run" : "no case was executed")
              + ", so nothing is proven");
      exit = ExitCode.FAILURE;
    }
    if (counters.failing() > 0 || mutants.stream().anyMatch(m -> !m.killed())) {
      exit = ExitCode.FAILURE;
    }
    for (OperatorCases generator : catalog.generators()) {
      generator
          .inapplicable()
          .forEach(
              (family, why) ->
                  generator
                      .ops()
                      .forEach(
                          op ->
                              notes.add(
                                  op.opName() + " has no " + family.label() + " family: " + why)));
    }
    return new ConformanceReport(results, mutants, environment(devices), notes, exit);
  }

  private static Map<String, String> environment(List<DeviceInfo> devices) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("touchstone", version());
    facts.put("java", Runtime.version().toString());
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    for (DeviceInfo device : devices) {
      facts.put(
          device.uri(), device.name() + ", " + device.evidence() + ", " + device.properties());
    }
    return facts;
  }

  private static String version() {
    return Optional.ofNullable(ConformanceSuite.class.getModule().getDescriptor())
        .flatMap(java.lang.module.ModuleDescriptor::rawVersion)
        .orElse("0");
  }
}
