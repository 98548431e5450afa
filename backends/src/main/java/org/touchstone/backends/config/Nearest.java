package org.touchstone.backends.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the name that a user probably meant. */
public final class Nearest {
  private Nearest() {}

  /**
   * Returns the name closest to a misspelt one; empty when none is close: at most a third of its
   * letters may differ.
   */
  public static Optional<String> of(String misspelt, Collection<String> names) {
    int limit = Math.max(1, misspelt.length() / 3);
    return names.stream()
        .filter(name -> distance(misspelt, name) <= limit)
        .min(
            Comparator.comparingInt((String name) -> distance(misspelt, name))
                .thenComparing(Comparator.naturalOrder()));
  }

  /** Returns {@code "; did you mean 'x'?"}, or an empty text. */
  public static String hint(String misspelt, Collection<String> names) {
    return of(misspelt, names).map(name -> "; did you mean '" + name + "'?").orElse("");
  }

  /** Counts insertions, deletions and replacements (Levenshtein 1965). */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
