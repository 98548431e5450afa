package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import java.util.Optional;
import org.touchstone.api.op.MoeRouteSpec;

/** Verifies that a device's choice of experts is one that a correct device can make. */
final class RouteCheck {
  private RouteCheck() {}

  /** Returns what is wrong with a route, if anything. */
  static Optional<String> verify(
      MoeRouteSpec spec, RouterScores scores, RouterGroups groups, int[] route) {
    boolean[] chosen = new boolean[scores.score.length];
    for (int e : route) {
      if (e < 0 || e >= chosen.length) {
        return Optional.of("index " + e + " is outside 0.." + (chosen.length - 1));
      }
      if (chosen[e]) {
        return Optional.of("expert " + e + " is chosen twice in " + Arrays.toString(route));
      }
      chosen[e] = true;
    }
    for (int j = 1; j < route.length; j++) {
      for (int i = 0; i < j; i++) {
        if (scores.surelyBefore(route[j], route[i])) {
          return Optional.of(
              "expert "
                  + route[j]
                  + describe(scores, route[j])
                  + " comes after expert "
                  + route[i]
                  + describe(scores, route[i]));
        }
      }
    }
    return spec.groups() == 1
        ? betterOutside(scores, groups, route, chosen, new boolean[groups.count()])
        : throughGroups(spec, scores, groups, route, chosen);
  }

  private static Optional<String> throughGroups(
      MoeRouteSpec spec, RouterScores scores, RouterGroups groups, int[] route, boolean[] chosen) {
    boolean[] used = new boolean[groups.count()];
    for (int e : route) {
      used[groups.of(e)] = true;
    }
    int needed = 0;
    int possible = 0;
    for (int g = 0; g < used.length; g++) {
      if (used[g] && !groups.mayKeep(g)) {
        return Optional.of(
            "group " + g + " is used, but " + spec.keptGroups() + " groups are better");
      }
      needed += used[g] || groups.mustKeep(g) ? 1 : 0;
      possible += groups.mayKeep(g) ? 1 : 0;
    }
    if (needed > spec.keptGroups()) {
      return Optional.of(
          "the route uses groups that together with the certain ones are "
              + needed
              + ", kept are "
              + spec.keptGroups());
    }
    boolean[] dropped = new boolean[used.length];
    Optional<String> wrong = betterOutside(scores, groups, route, chosen, dropped);
    if (wrong.isPresent()) {
      return wrong;
    }
    int drops = 0;
    for (int g = 0; g < dropped.length; g++) {
      drops += dropped[g] ? 1 : 0;
      for (int u = 0; dropped[g] && u < used.length; u++) {
        if (used[u] && groups.surelyBefore(g, u)) {
          return Optional.of("group " + u + " is used, group " + g + " is not, but beats it");
        }
      }
    }
    return drops > possible - spec.keptGroups()
        ? Optional.of(
            "better experts lie in "
                + drops
                + " groups, at most "
                + (possible - spec.keptGroups())
                + " of them can be dropped")
        : Optional.empty();
  }

  /**
   * Looks for an expert that was left out although it beats a chosen one. A group that need not be
   * kept and is not used explains it: the group is then marked as dropped.
   */
  private static Optional<String> betterOutside(
      RouterScores scores, RouterGroups groups, int[] route, boolean[] chosen, boolean[] dropped) {
    boolean[] used = new boolean[groups.count()];
    for (int e : route) {
      used[groups.of(e)] = true;
    }
    for (int e = 0; e < chosen.length; e++) {
      if (chosen[e]) {
        continue;
      }
      for (int c : route) {
        if (!scores.surelyBefore(e, c)) {
          continue;
        }
        int group = groups.of(e);
        if (!groups.mayKeep(group) && !used[group]) {
          break;
        }
        if (used[group] || groups.mustKeep(group)) {
          return Optional.of(
              "expert "
                  + e
                  + describe(scores, e)
                  + " is left out for expert "
                  + c
                  + describe(scores, c));
        }
        dropped[group] = true;
      }
    }
    return Optional.empty();
  }

  private static String describe(RouterScores scores, int expert) {
    return String.format(
        " (score %.9g +- %.2g)", scores.biased[expert], scores.biasedError[expert]);
  }
}
