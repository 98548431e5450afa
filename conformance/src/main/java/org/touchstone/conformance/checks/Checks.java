package org.touchstone.conformance.checks;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.run.Item;

/** The list of checks. */
public final class Checks {
  /** Groups of checks, as the command line selects them. */
  public static final List<String> GROUPS =
      List.of("format", "memory", "queue", "arguments", "allocation", "concurrency");

  private Checks() {}

  /** Returns every check of every level, in a fixed order. */
  public static List<Item> all(CaseCatalog catalog) {
    List<Item> items = new ArrayList<>();
    items.addAll(FormatChecks.all());
    items.addAll(MemoryChecks.all());
    items.addAll(QueueChecks.all());
    items.addAll(HandleChecks.all());
    for (OpBase base : bases(catalog)) {
      items.addAll(ArgumentChecks.of(base));
      items.add(AllocationCheck.of(base));
      items.add(ConcurrencyCheck.of(base));
      items.add(ThreadCountCheck.of(base));
    }
    return items;
  }

  private static List<OpBase> bases(CaseCatalog catalog) {
    List<OpBase> bases = new ArrayList<>();
    for (Op op : Op.values()) {
      if (!catalog.missing().contains(op)) {
        bases.add(OpBase.of(catalog, op));
      }
    }
    return bases;
  }
}
