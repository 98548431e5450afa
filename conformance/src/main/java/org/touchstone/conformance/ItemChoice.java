package org.touchstone.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.touchstone.api.op.Op;
import org.touchstone.backends.config.Nearest;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.checks.Checks;
import org.touchstone.conformance.checks.ItemCatalog;
import org.touchstone.conformance.run.Item;

/** Chooses the items of a run. */
final class ItemChoice {
  private ItemChoice() {}

  /** Returns the operators that a request selects, all when it names none. */
  static List<Op> ops(ConformanceRequest request) {
    List<Op> ops = new ArrayList<>();
    for (String name : request.ops()) {
      List<Op> selected = Op.select(name);
      if (selected.isEmpty()) {
        throw new ConformanceException(
            ExitCode.USAGE,
            "no operator or family is named '"
                + name
                + "'"
                + Nearest.hint(
                    name,
                    Arrays.stream(Op.values())
                        .flatMap(op -> Stream.of(op.opName(), op.family()))
                        .distinct()
                        .toList()));
      }
      ops.addAll(selected);
    }
    return ops.isEmpty() ? List.of(Op.values()) : ops;
  }

  /**
   * Returns the items that a request selects.
   *
   * @throws ConformanceException when a name selects nothing
   */
  static List<Item> of(CaseCatalog catalog, List<Item> all, ConformanceRequest request) {
    if (request.caseName().isPresent()) {
      String name = request.caseName().get();
      return List.of(
          all.stream()
              .filter(item -> item.name().equals(name))
              .findFirst()
              .or(() -> ItemCatalog.find(catalog, name))
              .orElseThrow(
                  () ->
                      new ConformanceException(
                          ExitCode.USAGE,
                          "no case is named '"
                              + name
                              + "'"
                              + Nearest.hint(name, all.stream().map(Item::name).toList()))));
    }
    Set<String> ops = new LinkedHashSet<>();
    Set<String> groups = new LinkedHashSet<>();
    for (String name : request.ops()) {
      List<Op> selected = Op.select(name);
      boolean group = Checks.GROUPS.contains(name);
      if (selected.isEmpty() && !group) {
        List<String> known =
            Stream.concat(
                    Checks.GROUPS.stream(),
                    Arrays.stream(Op.values()).flatMap(op -> Stream.of(op.opName(), op.family())))
                .distinct()
                .toList();
        throw new ConformanceException(
            ExitCode.USAGE,
            "no operator, family or group of checks is named '"
                + name
                + "'"
                + Nearest.hint(name, known));
      }
      selected.forEach(op -> ops.add(op.opName()));
      if (group) {
        groups.add(name);
      }
    }
    boolean unfiltered = request.ops().isEmpty();
    List<Item> selected =
        all.stream()
            .filter(item -> request.level().includes(item.level()))
            .filter(item -> unfiltered || ops.contains(item.op()) || groups.contains(item.group()))
            .toList();
    return request.shard().of(selected);
  }

  /**
   * Returns the items that are small enough for a device.
   *
   * @param notes told how many are not
   */
  static List<Item> fitting(
      List<Item> items, String device, ConformanceRequest request, Consumer<String> notes) {
    OptionalLong limit = request.mostElements();
    if (limit.isEmpty() && request.caseName().isEmpty()) {
      limit =
          WorkerCommand.profiles(device).stream()
              .flatMapToLong(profile -> profile.mostElements().stream())
              .min();
    }
    if (limit.isEmpty()) {
      return items;
    }
    long most = limit.getAsLong();
    List<Item> fitting = items.stream().filter(item -> item.cost() <= most).toList();
    if (fitting.size() < items.size()) {
      notes.accept(
          (items.size() - fitting.size())
              + " cases of more than "
              + most
              + " elements were left out on "
              + device
              + "; --max-elements sets the limit");
    }
    return fitting;
  }
}
