package org.touchstone.backends.hal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Evidence;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Selection;

/** The order of preference among devices, and the words for it. */
final class Ranking {
  /**
   * One criterion.
   *
   * @param code the reason of a device that loses by it
   * @param words what the winner has, what the loser has
   */
  private record Criterion(Comparator<DeviceInfo> order, ReasonCode code, Words words) {}

  @FunctionalInterface
  private interface Words {
    String say(DeviceInfo winner, DeviceInfo loser);
  }

  private static final List<Criterion> CRITERIA =
      List.of(
          new Criterion(
              Comparator.comparing(DeviceInfo::kind),
              ReasonCode.RANKED_LOWER,
              (winner, loser) -> "kind " + winner.kind() + " ranks before " + loser.kind()),
          new Criterion(
              Comparator.comparingLong(DeviceInfo::dedicatedMemory).reversed(),
              ReasonCode.RANKED_LOWER,
              (winner, loser) ->
                  winner.dedicatedMemory()
                      + " bytes of dedicated memory against "
                      + loser.dedicatedMemory()),
          new Criterion(
              Comparator.comparingDouble(DeviceInfo::score).reversed(),
              ReasonCode.RANKED_LOWER,
              (winner, loser) -> "score " + winner.score() + " against " + loser.score()),
          new Criterion(
              Comparator.comparing(DeviceInfo::uri),
              ReasonCode.RANKED_LOWER,
              (winner, loser) -> "equal, and its name sorts first"));

  /** Evidence comes before everything built in: a software device never outranks a real one. */
  private static final Criterion REAL_FIRST =
      new Criterion(
          Comparator.comparing((DeviceInfo d) -> d.evidence() != Evidence.HARDWARE),
          ReasonCode.SOFTWARE_DEVICE,
          (winner, loser) -> "it is real, and this one's kernels run in " + loser.evidence());

  /** Order of a selection without any wish; devices that must be named come last. */
  static final Comparator<DeviceInfo> BUILT_IN = new Ranking(Selection.any()).order();

  private final List<Criterion> criteria = new ArrayList<>();

  Ranking(Selection selection) {
    selection
        .order()
        .ifPresent(
            own ->
                criteria.add(
                    new Criterion(
                        own, ReasonCode.RANKED_LOWER, (w, l) -> "the program's own order")));
    criteria.add(REAL_FIRST);
    List<DeviceKind> preferred = selection.preferred();
    if (!preferred.isEmpty()) {
      criteria.add(
          new Criterion(
              Comparator.comparingInt(d -> place(preferred, d.kind())),
              ReasonCode.PREFERENCE,
              (winner, loser) ->
                  "the selection prefers "
                      + preferred
                      + "; its kind is "
                      + winner.kind()
                      + ", this one's "
                      + loser.kind()));
    }
    criteria.addAll(CRITERIA);
  }

  private static int place(List<DeviceKind> preferred, DeviceKind kind) {
    int index = preferred.indexOf(kind);
    return index < 0 ? preferred.size() : index;
  }

  /** Returns the order, best first. */
  Comparator<DeviceInfo> order() {
    Comparator<DeviceInfo> order =
        Comparator.comparing((DeviceInfo d) -> d.eligibility() == Eligibility.NAMED_ONLY);
    for (Criterion criterion : criteria) {
      order = order.thenComparing(criterion.order());
    }
    return order;
  }

  /** Says by what a device lost. */
  Reason reason(DeviceInfo winner, DeviceInfo loser) {
    for (Criterion criterion : criteria) {
      if (criterion.order().compare(winner, loser) < 0) {
        return Reason.of(
            criterion.code(),
            winner.uri() + " ranks higher: " + criterion.words().say(winner, loser));
      }
    }
    return Reason.of(ReasonCode.RANKED_LOWER, winner.uri() + " was found first");
  }
}
