package org.touchstone.conformance.mutants;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.Layout;
import org.touchstone.api.op.Op;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.backends.spi.Mutant.CaughtBy;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.CaseRunner;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Session;

/**
 * Seeds one defect after the other into a device and runs the cases of its operators, cheapest
 * first, until one fails that passes without the defect.
 */
public final class Prover {
  private static final Set<String> GROUPS =
      Set.of("cases", "format", "memory", "queue", "arguments", "allocation", "concurrency");
  private static final Set<String> DEVICE_GROUPS = Set.of("queue", "memory");
  private static final Set<CaughtBy> DEVICE =
      EnumSet.of(CaughtBy.ORDER, CaughtBy.CLAIM, CaughtBy.HANDLES);

  /** What a check of an operator is worth: it launches the smallest case many times. */
  private static final long CHECK_COST = 4096;

  private final Hal hal;
  private final Oracle oracle;
  private final List<Item> items;
  private final Duration itemLimit;

  /**
   * What became of a device's defects.
   *
   * @param results one row per defect that applies
   * @param notes why defects do not apply
   */
  public record Proof(List<MutantResult> results, List<String> notes) {}

  /** Takes defects as they end. */
  @FunctionalInterface
  public interface Listener {
    /** Takes a result. */
    void finished(MutantResult result);
  }

  /** Creates a prover over items of every level. */
  public Prover(Hal hal, Oracle oracle, List<Item> items, Duration itemLimit) {
    this.hal = hal;
    this.oracle = oracle;
    this.itemLimit = itemLimit;
    this.items =
        items.stream()
            .filter(item -> GROUPS.contains(item.group()))
            .sorted(Comparator.comparingLong(Prover::cost).thenComparing(Item::level))
            .toList();
  }

  /** Checks of operators go behind the small cases; those of devices come first. */
  private static long cost(Item item) {
    return item.testCase().isPresent() || DEVICE_GROUPS.contains(item.op())
        ? item.cost()
        : CHECK_COST;
  }

  /** Runs every defect that applies to a device. */
  public Proof prove(DeviceInfo device, List<Mutant> mutants, Listener listener) {
    List<MutantResult> results = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    try (Session clean = Session.open(hal, device.uri(), Instruments.NONE, oracle)) {
      Clean unspoiled = new Clean(clean, run(clean));
      for (Mutant mutant : mutants) {
        Optional<String> obstacle = obstacle(device, mutant, unspoiled);
        if (obstacle.isPresent()) {
          notes.add(mutant.name() + " does not apply to " + device.uri() + ": " + obstacle.get());
          continue;
        }
        MutantResult result = prove(device, mutant, unspoiled);
        results.add(result);
        listener.finished(result);
      }
    }
    return new Proof(results, notes);
  }

  private DeviceRun run(Session session) {
    return new DeviceRun(session, Level.L3, new DeviceRun.Limits(1, itemLimit, Optional.empty()));
  }

  private List<Item> itemsOf(Mutant mutant) {
    Set<String> names = mutant.ops().stream().map(Op::opName).collect(Collectors.toSet());
    // Queues and memory have no operator of their own: what is wrong with them hangs on additions.
    boolean device = mutant.ops().contains(Op.ADD) && DEVICE.contains(mutant.caughtBy());
    return items.stream()
        .filter(item -> names.contains(item.op()) || (device && DEVICE_GROUPS.contains(item.op())))
        // No kernel sees wrong arguments, and nothing else sees what they are answered.
        .filter(
            item -> item.group().equals("arguments") == (mutant.caughtBy() == CaughtBy.ARGUMENTS))
        .toList();
  }

  private Optional<String> obstacle(DeviceInfo device, Mutant mutant, Clean unspoiled) {
    if (!Set.of("*", device.backend(), device.uri()).contains(mutant.backend())) {
      return Optional.of("it belongs to " + mutant.backend());
    }
    List<Item> candidates = itemsOf(mutant);
    if (!candidates.isEmpty() && candidates.stream().noneMatch(unspoiled::runs)) {
      return Optional.of("the device refuses every case");
    }
    return mutant.caughtBy() == CaughtBy.PACKING && candidates.stream().noneMatch(unspoiled::packs)
        ? Optional.of("its kernels prefer no packed weight")
        : Optional.empty();
  }

  private MutantResult prove(DeviceInfo device, Mutant mutant, Clean unspoiled) {
    int count = 0;
    try (Session spoiled =
        Session.open(
            hal, device.uri(), Instruments.NONE.seeding(mutant.seed()), mutant.front(), oracle)) {
      DeviceRun run = run(spoiled);
      for (Item item : itemsOf(mutant)) {
        CaseReport report = run.attempt(item);
        if (report.outcome() != Outcome.UNSUPPORTED) {
          count++;
        }
        if (report.outcome().failing() && unspoiled.passes(item)) {
          return result(device, mutant, Optional.of(item.name()), report.reason(), count);
        }
      }
    }
    String evidence = "none of " + count + " cases failed because of it";
    return result(device, mutant, Optional.empty(), evidence, count);
  }

  private static MutantResult result(
      DeviceInfo device, Mutant mutant, Optional<String> killer, String evidence, int count) {
    return new MutantResult(
        mutant.name(),
        device.uri(),
        mutant.description(),
        mutant.caughtBy().name(),
        killer,
        evidence,
        count);
  }

  /** The device without a defect; remembers what it was asked. */
  private static final class Clean {
    private final Session session;
    private final DeviceRun run;
    private final Map<String, Outcome> outcomes = new HashMap<>();

    Clean(Session session, DeviceRun run) {
      this.session = session;
      this.run = run;
    }

    boolean runs(Item item) {
      return item.spec().map(spec -> session.device().support(spec).supported()).orElse(true);
    }

    boolean packs(Item item) {
      return runs(item) && item.testCase().flatMap(this::layout).isPresent();
    }

    private Optional<Layout> layout(TestCase testCase) {
      return testCase.packing().isEmpty()
          ? Optional.empty()
          : CaseRunner.layout(testCase, session.prepare(testCase.spec()));
    }

    boolean passes(Item item) {
      return outcomes.computeIfAbsent(item.name(), name -> run.attempt(item).outcome())
          == Outcome.PASS;
    }
  }
}
