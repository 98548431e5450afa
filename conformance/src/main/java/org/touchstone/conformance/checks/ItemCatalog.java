package org.touchstone.conformance.checks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.run.Item;

/** Everything that the suite can run. */
public final class ItemCatalog {
  private ItemCatalog() {}

  /** Returns every item of every level: checks first, then cases in the order of generators. */
  public static List<Item> of(CaseCatalog cases) {
    List<Item> items = new ArrayList<>(Checks.all(cases));
    for (TestCase testCase : cases.cases(Level.L3, Arrays.asList(Op.values()))) {
      items.add(Item.of(testCase));
    }
    return items;
  }

  /**
   * Finds an item that no catalogue lists by its name: a case of another size, or one that {@code
   * touchstone fuzz} has drawn.
   */
  public static Optional<Item> find(CaseCatalog cases, String name) {
    return MistakeItem.find(cases, name)
        .or(() -> SpecItem.find(cases, name))
        .or(() -> cases.find(name).map(Item::of));
  }

  /** Returns every item of the standard catalogue. */
  public static List<Item> standard() {
    return of(CaseCatalog.standard());
  }
}
