package org.touchstone.backends.cpu.reference;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.touchstone.api.op.MoeRouteSpec;

/**
 * Which groups of experts a correct device keeps for one token. Groups of the same experts in any
 * order have equal values on every correct device, so among them only the lower index is right.
 */
final class RouterGroups {
  private final MoeRouteSpec spec;
  private final RouterScores scores;
  private final int size;
  private final double[] value;
  private final double[] error;

  RouterGroups(MoeRouteSpec spec, RouterScores scores, ErrorModel model) {
    this.spec = spec;
    this.scores = scores;
    int groups = Math.toIntExact(spec.groups());
    size = Math.toIntExact(spec.experts() / spec.groups());
    value = new double[groups];
    error = new double[groups];
    for (int group = 0; group < groups; group++) {
      rank(group, model);
    }
  }

  private void rank(int group, ErrorModel model) {
    double first = Double.NEGATIVE_INFINITY;
    double second = Double.NEGATIVE_INFINITY;
    double largestError = 0;
    for (int e = group * size; e < (group + 1) * size; e++) {
      double s = scores.biased[e];
      largestError = Math.max(largestError, scores.biasedError[e]);
      if (s > first) {
        second = first;
        first = s;
      } else {
        second = Math.max(second, s);
      }
    }
    boolean pair = spec.groupScore() == MoeRouteSpec.GroupScore.SUM_TOP2;
    double sum = pair ? first + second : first;
    value[group] = Double.isNaN(sum) ? Double.NEGATIVE_INFINITY : sum;
    double bound =
        pair ? 2 * largestError + ErrorModel.MARGIN * model.op() * Math.abs(sum) : largestError;
    error[group] = Double.isInfinite(value[group]) ? 0 : bound;
  }

  /** Returns the group of an expert. */
  int of(int expert) {
    return expert / size;
  }

  /** Returns the number of groups. */
  int count() {
    return value.length;
  }

  /** Returns the groups in the order in which exact arithmetic keeps them. */
  boolean[] kept() {
    boolean[] kept = new boolean[value.length];
    for (int n = 0; n < spec.keptGroups(); n++) {
      int best = -1;
      for (int group = 0; group < value.length; group++) {
        if (!kept[group] && (best < 0 || value[group] > value[best])) {
          best = group;
        }
      }
      kept[best] = true;
    }
    return kept;
  }

  /** Returns whether every correct device keeps the group. */
  boolean mustKeep(int group) {
    int rivals = 0;
    for (int other = 0; other < value.length; other++) {
      if (other != group && !surelyBefore(group, other)) {
        rivals++;
      }
    }
    return rivals < spec.keptGroups();
  }

  /** Returns whether a correct device may keep the group. */
  boolean mayKeep(int group) {
    int better = 0;
    for (int other = 0; other < value.length; other++) {
      if (other != group && surelyBefore(other, group)) {
        better++;
      }
    }
    return better < spec.keptGroups();
  }

  /** Returns whether group a beats group b on every correct device. */
  boolean surelyBefore(int a, int b) {
    if (value[a] == value[b] && (exact(a, b) || same(a, b))) {
      return a < b;
    }
    return value[a] - error[a] > value[b] + error[b];
  }

  private boolean exact(int a, int b) {
    return error[a] == 0 && error[b] == 0;
  }

  private boolean same(int a, int b) {
    int[] left = sorted(a);
    int[] right = sorted(b);
    for (int i = 0; i < size; i++) {
      if (scores.logits[left[i]] != scores.logits[right[i]]
          || scores.bias[left[i]] != scores.bias[right[i]]) {
        return false;
      }
    }
    return true;
  }

  private int[] sorted(int group) {
    Comparator<Integer> byLogit = Comparator.comparingDouble(e -> scores.logits[e]);
    return IntStream.range(group * size, (group + 1) * size)
        .boxed()
        .sorted(byLogit.thenComparingDouble(e -> scores.bias[e]))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
