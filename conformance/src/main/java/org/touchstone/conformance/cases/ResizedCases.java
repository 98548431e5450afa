package org.touchstone.conformance.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds cases of other sizes or another placement than the catalogue has, by their names. */
final class ResizedCases {
  private ResizedCases() {}

  /**
   * Makes the case of a name from one that differs in sizes and placement only.
   *
   * @param cases where to look
   */
  static Optional<TestCase> find(List<TestCase> cases, String name) {
    Placement placement = placement(name);
    String dense = dense(name);
    for (TestCase testCase : cases) {
      List<String> labels = testCase.sizing().map(Sizing::labels).orElse(List.of());
      String own = dense(testCase.name());
      if (!labels.isEmpty() && CaseName.frame(own, labels).equals(CaseName.frame(dense, labels))) {
        Optional<TestCase> made = testCase.resized(CaseName.of(name).numbers(labels), placement);
        if (made.filter(c -> c.name().equals(name)).isPresent()) {
          return made;
        }
      }
    }
    return Optional.empty();
  }

  private static List<String> variants(String name) {
    String[] parts = name.split("/", -1);
    return parts.length < 4 ? List.of() : Arrays.asList(parts[3].split(",", -1));
  }

  private static Placement placement(String name) {
    List<String> words = variants(name);
    return Arrays.stream(Placement.values())
        .filter(p -> !p.label().isEmpty() && words.contains(p.label()))
        .findFirst()
        .orElse(Placement.DENSE);
  }

  /** Returns the name without its placement. */
  private static String dense(String name) {
    List<String> words = new ArrayList<>(variants(name));
    if (words.isEmpty()) {
      return name;
    }
    Arrays.stream(Placement.values()).map(Placement::label).forEach(words::remove);
    String stem = Arrays.stream(name.split("/", -1)).limit(3).collect(Collectors.joining("/"));
    return words.isEmpty() ? stem : stem + "/" + String.join(",", words);
  }
}
