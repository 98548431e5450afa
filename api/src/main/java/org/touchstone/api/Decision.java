package org.touchstone.api;

import java.util.List;
import java.util.Optional;

/**
 * Holds every candidate of a selection, in selection order, with the reason why it was not chosen.
 *
 * @param candidates backends without a device come last
 */
public record Decision(List<Candidate> candidates) {
  /**
   * One device, or one backend that has none.
   *
   * @param subject the device's URI, or the backend's name when it has no device
   * @param device the device, when there is one
   * @param outcome whether it was chosen
   * @param reason why it was not chosen, or, for a fallback, why it was
   */
  public record Candidate(
      String subject, Optional<DeviceInfo> device, Outcome outcome, Optional<Reason> reason) {
    /** Checks that everything that was not chosen outright has a reason. */
    public Candidate {
      if (outcome != Outcome.CHOSEN && reason.isEmpty()) {
        throw new HalException(
            ErrorCode.INTERNAL, subject + " is " + outcome + " without a reason");
      }
    }
  }

  /** What became of a candidate. */
  public enum Outcome {
    /** The selection's device. */
    CHOSEN,
    /** Chosen although the selection demanded another one, as its fallback policy allows. */
    CHOSEN_AS_FALLBACK,
    /** It could serve, but another one ranks higher. */
    OUTRANKED,
    /** It cannot serve. */
    REJECTED
  }

  /** Copies the list. */
  public Decision {
    candidates = List.copyOf(candidates);
  }

  /** Returns the chosen device, if any. */
  public Optional<DeviceInfo> chosen() {
    return candidates.stream()
        .filter(c -> c.outcome() == Outcome.CHOSEN || c.outcome() == Outcome.CHOSEN_AS_FALLBACK)
        .findFirst()
        .flatMap(Candidate::device);
  }

  /** Renders one line per candidate: outcome, subject, reason and remedy. */
  public String table() {
    if (candidates.isEmpty()) {
      return "  no backend was found on the module path or class path; add a touchstone-backends-* jar";
    }
    int width = candidates.stream().mapToInt(c -> c.subject().length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    for (Candidate candidate : candidates) {
      if (!text.isEmpty()) {
        text.append('\n');
      }
      text.append(
          String.format("  %-18s  %-" + width + "s", candidate.outcome(), candidate.subject()));
      candidate.reason().ifPresent(reason -> text.append("  ").append(reason));
    }
    return text.toString();
  }
}
