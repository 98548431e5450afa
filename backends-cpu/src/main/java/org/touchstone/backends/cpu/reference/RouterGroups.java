package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.MoeRouteSpec;

/** Which groups of experts a correct device keeps for one token. */
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
    value[group] = pair ? first + second : first;
    error[group] =
        pair
            ? 2 * largestError + ErrorModel.MARGIN * model.op() * Math.abs(value[group])
            : largestError;
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

  private boolean surelyBefore(int a, int b) {
    if (same(a, b)) {
      return a < b;
    }
    return value[a] - error[a] > value[b] + error[b];
  }

  private boolean same(int a, int b) {
    for (int i = 0; i < size; i++) {
      int left = a * size + i;
      int right = b * size + i;
      if (scores.logits[left] != scores.logits[right] || scores.bias[left] != scores.bias[right]) {
        return false;
      }
    }
    return true;
  }
}
