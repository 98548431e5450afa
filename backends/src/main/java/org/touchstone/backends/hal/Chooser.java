package org.touchstone.backends.hal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.touchstone.api.BackendReport;
import org.touchstone.api.Decision;
import org.touchstone.api.Decision.Candidate;
import org.touchstone.api.Decision.Outcome;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Eligibility;
import org.touchstone.api.FallbackPolicy;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Selection;
import org.touchstone.backends.config.Nearest;

/** Decides one selection: demands, then rank, then whether a device runs the specs. */
final class Chooser {
  /** Whether devices that rank below the chosen one are asked for support, too. */
  enum Thoroughness {
    /** Ask every candidate, for an explanation. */
    ALL,
    /** Stop at the first that can serve. */
    UNTIL_CHOSEN
  }

  private final List<BackendReport> backends;
  private final List<DeviceInfo> devices;
  private final Selection selection;
  private final Ranking ranking;
  private final Function<DeviceInfo, Optional<Reason>> refusal;
  private final Thoroughness thoroughness;
  private final Map<String, Candidate> verdicts = new LinkedHashMap<>();

  /**
   * Creates the decision of one selection.
   *
   * @param refusal says why a device cannot serve; asked at most once per device, in rank order
   */
  Chooser(
      List<BackendReport> backends,
      Selection selection,
      Function<DeviceInfo, Optional<Reason>> refusal,
      Thoroughness thoroughness) {
    this.backends = backends;
    this.selection = selection;
    this.ranking = new Ranking(selection);
    this.refusal = refusal;
    this.thoroughness = thoroughness;
    this.devices =
        backends.stream().flatMap(b -> b.devices().stream()).sorted(ranking.order()).toList();
  }

  Choice choose() {
    Map<DeviceInfo, Reason> unmet = new LinkedHashMap<>();
    devices.forEach(d -> demandUnmet(d).ifPresent(reason -> unmet.put(d, reason)));
    List<DeviceInfo> demanded = devices.stream().filter(d -> !unmet.containsKey(d)).toList();
    Optional<DeviceInfo> chosen = firstThatServes(demanded, Optional.empty());
    Optional<String> fallback = Optional.empty();
    if (chosen.isEmpty() && selection.fallback() != FallbackPolicy.FAIL) {
      String why = demandAndCause();
      List<DeviceInfo> others =
          devices.stream()
              .filter(unmet::containsKey)
              .filter(d -> d.eligibility() == Eligibility.AUTOMATIC)
              .toList();
      chosen = firstThatServes(others, Optional.of(why));
      fallback = chosen.map(d -> why);
    }
    return new Choice(decision(unmet), chosen, fallback);
  }

  private Optional<Reason> demandUnmet(DeviceInfo device) {
    if (selection.uri().isPresent() && !selection.uri().get().equals(device.uri())) {
      return Optional.of(
          Reason.of(ReasonCode.NOT_NAMED, "the selection names " + selection.uri().get()));
    }
    if (!selection.allowed().contains(device.kind())) {
      return Optional.of(
          Reason.of(
              ReasonCode.KIND_NOT_ALLOWED,
              "its kind is " + device.kind() + ", the selection allows " + selection.allowed()));
    }
    if (selection.uri().isEmpty() && device.eligibility() == Eligibility.NAMED_ONLY) {
      return Optional.of(
          Reason.of(ReasonCode.NAMED_ONLY, device.name() + " is never chosen automatically"));
    }
    return Optional.empty();
  }

  private Optional<DeviceInfo> firstThatServes(List<DeviceInfo> ranked, Optional<String> fallback) {
    DeviceInfo chosen = null;
    for (DeviceInfo device : ranked) {
      boolean ask = chosen == null || thoroughness == Thoroughness.ALL;
      Optional<Reason> no = ask ? refusal.apply(device) : Optional.empty();
      if (no.isPresent()) {
        put(device, Outcome.REJECTED, no);
      } else if (chosen != null) {
        put(device, Outcome.OUTRANKED, Optional.of(ranking.reason(chosen, device)));
      } else {
        chosen = device;
        put(
            device,
            fallback.isEmpty() ? Outcome.CHOSEN : Outcome.CHOSEN_AS_FALLBACK,
            fallback.map(
                why ->
                    Reason.of(
                        selection.uri().isPresent()
                            ? ReasonCode.NOT_NAMED
                            : ReasonCode.KIND_NOT_ALLOWED,
                        "fallback: " + why,
                        "use FallbackPolicy.FAIL to forbid it")));
      }
    }
    return Optional.ofNullable(chosen);
  }

  private void put(DeviceInfo device, Outcome outcome, Optional<Reason> reason) {
    verdicts.put(device.uri(), new Candidate(device.uri(), Optional.of(device), outcome, reason));
  }

  private Decision decision(Map<DeviceInfo, Reason> unmet) {
    List<Candidate> candidates = new ArrayList<>();
    unknownUri()
        .ifPresent(
            reason ->
                candidates.add(
                    new Candidate(
                        selection.uri().orElseThrow(),
                        Optional.empty(),
                        Outcome.REJECTED,
                        Optional.of(reason))));
    for (DeviceInfo device : devices) {
      Candidate verdict = verdicts.get(device.uri());
      candidates.add(
          verdict == null
              ? new Candidate(
                  device.uri(),
                  Optional.of(device),
                  Outcome.REJECTED,
                  Optional.ofNullable(unmet.get(device)))
              : verdict);
    }
    for (BackendReport backend : backends) {
      if (backend.devices().isEmpty()) {
        candidates.add(
            new Candidate(backend.name(), Optional.empty(), Outcome.REJECTED, backend.reason()));
      }
    }
    return new Decision(candidates);
  }

  private Optional<Reason> unknownUri() {
    return selection
        .uri()
        .filter(uri -> devices.stream().noneMatch(d -> d.uri().equals(uri)))
        .map(uri -> unknown(uri, backends));
  }

  /** Says why a URI leads to no device, and what there is instead. */
  static Reason unknown(String uri, List<BackendReport> backends) {
    List<String> uris =
        backends.stream().flatMap(b -> b.devices().stream()).map(DeviceInfo::uri).toList();
    String scheme = uri.contains("://") ? uri.substring(0, uri.indexOf("://")) : uri;
    Optional<Reason> backendDown =
        backends.stream()
            .filter(b -> b.name().equals(scheme))
            .findFirst()
            .flatMap(BackendReport::reason);
    String detail =
        "there is no device '"
            + uri
            + "'; there are "
            + (uris.isEmpty() ? "none" : String.join(", ", uris))
            + Nearest.hint(uri, uris);
    return backendDown
        .map(
            down ->
                Reason.of(
                    down.code(),
                    detail + "; backend " + scheme + ": " + down.detail(),
                    down.remedy()))
        .orElseGet(() -> Reason.of(ReasonCode.NO_DEVICE, detail, "name one of these devices"));
  }

  private String demandAndCause() {
    String demand =
        selection.uri().isPresent()
            ? "the selection demands " + selection.uri().get()
            : "the selection demands a device of " + selection.allowed();
    Optional<Reason> cause =
        unknownUri()
            .or(
                () ->
                    verdicts.values().stream()
                        .flatMap(candidate -> candidate.reason().stream())
                        .findFirst());
    return demand
        + cause
            .map(reason -> ", which cannot serve: " + reason.code() + ": " + reason.detail())
            .orElse(", and there is none");
  }
}
