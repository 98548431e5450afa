package org.touchstone.conformance;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.op.Op;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.conformance.ConformanceRequest.Isolation;
import org.touchstone.conformance.ConformanceRequest.Proof;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.OperatorCases;
import org.touchstone.conformance.checks.ItemCatalog;
import org.touchstone.conformance.expect.Expectations;
import org.touchstone.conformance.fuzz.Fuzzer;
import org.touchstone.conformance.isolate.Journal;
import org.touchstone.conformance.mutants.MutantCatalog;
import org.touchstone.conformance.mutants.Prover;
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

  /**
   * Creates a suite over a HAL, a reference and a catalogue; closes none of them. Workers of
   * isolated runs have their own and the standard catalogue.
   */
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
    CaseCatalog catalog = CaseCatalog.standard();
    return ItemChoice.of(catalog, ItemCatalog.of(catalog), request).stream()
        .map(Item::name)
        .toList();
  }

  /**
   * Runs a request.
   *
   * @throws ConformanceException when the request cannot be carried out
   */
  public ConformanceReport carryOut(ConformanceRequest request, ConformanceListener listener) {
    List<Item> all = ItemCatalog.of(catalog);
    if (request.proof() == Proof.MUTANTS) {
      ItemChoice.ops(request);
      return prove(all, DeviceChoice.of(hal, request), request, listener);
    }
    List<Item> items = ItemChoice.of(catalog, all, request);
    List<DeviceInfo> devices = DeviceChoice.of(hal, request);
    Optional<Journal> journal = journal(request, items);
    DeviceRun.Limits limits =
        new DeviceRun.Limits(
            request.threads(),
            request.caseTimeout(),
            request.timeBudget().map(budget -> System.nanoTime() + budget.toNanos()));
    List<CaseResult> results = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (DeviceInfo device : devices) {
      List<Item> fitting = ItemChoice.fitting(items, device.uri(), request, notes::add);
      Expectations expectations = expectations(device, request);
      listener.started(device.uri(), fitting.size());
      DeviceRows rows = new DeviceRows(device, expectations, version(), listener);
      results.addAll(rows.run(hal, oracle, fitting, request, limits, journal));
      results.addAll(rows.unused(all));
    }
    notes.addAll(absentFamilies(items));
    return report(request, devices, results, List.of(), notes);
  }

  /**
   * Opens the HAL and runs random items of the operators that a request selects, on each of its
   * devices, until a number of cases or the request's time budget is reached.
   *
   * @param seed what is drawn
   * @param cases the most items per device
   * @throws ConformanceException when the request cannot be carried out
   */
  public static ConformanceReport fuzz(
      ConformanceRequest request, long seed, int cases, ConformanceListener listener) {
    try (Hal hal = Hal.open(request.options())) {
      return new ConformanceSuite(hal, Session.findOracle(), CaseCatalog.standard())
          .carryOut(request, seed, cases, listener);
    }
  }

  /** Runs random items, as {@link #fuzz} does. */
  public ConformanceReport carryOut(
      ConformanceRequest request, long seed, int cases, ConformanceListener listener) {
    Fuzzer fuzzer = new Fuzzer(catalog, ItemChoice.ops(request), seed);
    List<DeviceInfo> devices = DeviceChoice.of(hal, request);
    List<CaseResult> results = new ArrayList<>();
    FuzzRun run = new FuzzRun(hal, oracle, fuzzer, request);
    for (DeviceInfo device : devices) {
      listener.started(device.uri(), cases);
      results.addAll(run.run(device, cases, expectations(device, request), version(), listener));
    }
    return report(
        request,
        devices,
        results,
        List.of(),
        List.of("random cases of seed " + seed + ": the same seed draws the same cases"));
  }

  private static Expectations expectations(DeviceInfo device, ConformanceRequest request) {
    Expectations expectations = Expectations.ofBackend(device.backend());
    for (Path file : request.expectations()) {
      expectations = expectations.and(Expectations.read(file));
    }
    return expectations;
  }

  private static Optional<Journal> journal(ConformanceRequest request, List<Item> items) {
    if (request.journal().isPresent() && request.isolation() != Isolation.WORKER) {
      throw new ConformanceException(
          ExitCode.USAGE, "a journal is kept by isolated runs only; run with worker processes");
    }
    String about =
        request.level()
            + " "
            + items.size()
            + " "
            + items.stream().map(Item::name).toList().hashCode();
    return request.journal().map(file -> Journal.open(file, about));
  }

  private ConformanceReport prove(
      List<Item> all,
      List<DeviceInfo> devices,
      ConformanceRequest request,
      ConformanceListener listener) {
    List<Mutant> mutants =
        request
            .shard()
            .of(
                MutantCatalog.all().stream()
                    .filter(m -> request.ops().isEmpty() || selected(m, request.ops()))
                    .filter(m -> request.caseName().map(name -> named(m, name)).orElse(true))
                    .toList());
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

  /** Returns whether a defect has a name, in which an asterisk stands for any text. */
  private static boolean named(Mutant mutant, String name) {
    return mutant.name().matches("\\Q" + name.replace("*", "\\E.*\\Q") + "\\E");
  }

  private static boolean selected(Mutant mutant, List<String> names) {
    return names.stream()
        .flatMap(name -> Op.select(name).stream())
        .anyMatch(mutant.ops()::contains);
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
    return new ConformanceReport(results, mutants, environment(devices), notes, exit);
  }

  private List<String> absentFamilies(List<Item> items) {
    List<String> notes = new ArrayList<>();
    Set<String> ops = new HashSet<>();
    items.forEach(item -> ops.add(item.op()));
    for (OperatorCases generator : catalog.generators()) {
      for (Op op : generator.ops()) {
        if (ops.contains(op.opName())) {
          generator
              .inapplicable()
              .forEach(
                  (family, why) ->
                      notes.add(op.opName() + " has no " + family.label() + " family: " + why));
        }
      }
    }
    return notes;
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
