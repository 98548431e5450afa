package org.touchstone.conformance.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.checks.ItemCatalog;
import org.touchstone.conformance.run.Item;

class FuzzerTest {
  private static final int DRAWS = 400;

  private final CaseCatalog catalog = CaseCatalog.standard();

  private List<Item> draw(long seed) {
    Fuzzer fuzzer = new Fuzzer(catalog, Arrays.asList(Op.values()), seed);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < DRAWS; i++) {
      items.add(fuzzer.draw(i));
    }
    return items;
  }

  private static List<String> names(List<Item> items) {
    return items.stream().map(Item::name).toList();
  }

  @Test
  void aSeedDrawsTheSameItemsEverywhere() {
    assertThat(names(draw(3))).isEqualTo(names(draw(3)));
    assertThat(names(draw(3))).isNotEqualTo(names(draw(4)));
  }

  @Test
  void everyOperatorAndEveryKindIsDrawn() {
    List<Item> items = draw(5);
    Set<String> ops = new HashSet<>();
    items.forEach(item -> ops.add(item.op()));
    assertThat(ops).hasSize(Op.values().length);
    assertThat(items).extracting(Item::group).contains("cases", "arguments", "spec");
    Set<String> known = new HashSet<>();
    ItemCatalog.of(catalog).forEach(item -> known.add(item.name()));
    assertThat(items.stream().filter(item -> !known.contains(item.name())).count())
        .as("items that the catalogue does not have")
        .isGreaterThan(DRAWS / 2);
  }

  @Test
  void everyItemIsFoundAgainByItsName() {
    for (Item item : draw(6).subList(0, 60)) {
      assertThat(ItemCatalog.find(catalog, item.name()).map(Item::name))
          .as(item.name())
          .contains(item.name());
    }
  }
}
