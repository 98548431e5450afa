package org.touchstone.conformance.tune;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.spi.TuningSpace.Gain;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a search found.
 *
 * @param device URI of the device
 * @param trials what was tried, in order
 * @param sizes what counts in the end, by name
 * @param gains workloads with the first and the last choice
 * @param notes what a reader should know, for example that the time was used up
 * @param outcome what became of the sizes
 */
public record TuningReport(
    String device,
    List<Trial> trials,
    Map<String, String> sizes,
    List<Gain> gains,
    List<String> notes,
    Outcome outcome) {
  private static final int SCHEMA = 1;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** What became of the sizes. */
  public enum Outcome {
    /** They were written to a file. */
    KEPT,
    /** Nothing was faster than what counted before, so nothing was written. */
    UNCHANGED,
    /** They are stale, or conformance failed; nothing was written. */
    REFUSED
  }

  /** Copies lists and map. */
  public TuningReport {
    trials = List.copyOf(trials);
    sizes = Collections.unmodifiableMap(new TreeMap<>(sizes));
    gains = List.copyOf(gains);
    notes = List.copyOf(notes);
  }

  /**
   * A value that was tried.
   *
   * @param parameter name of the parameter
   * @param value what was tried
   * @param judgement what became of it
   * @param ratio time by the time of the best choice before it, over the workloads that depend on
   *     it; empty when there is none
   * @param detail why it was not taken; empty when it was
   */
  public record Trial(
      String parameter, String value, Judgement judgement, Optional<Double> ratio, String detail) {}

  /** What became of a value. */
  public enum Judgement {
    /** Faster, and conformance passed. */
    TAKEN,
    /** Not faster. */
    SLOWER,
    /** Does not run, or computes something wrong. */
    WRONG,
    /** Faster, but its cases did not end in time. */
    NOT_JUDGED
  }

  /** Returns one JSON object, schema 1, in one line. */
  public String json() {
    Map<String, @Nullable Object> root = new LinkedHashMap<>();
    root.put("schema", SCHEMA);
    root.put("device", device);
    root.put("outcome", outcome.name().toLowerCase(Locale.ROOT));
    root.put("sizes", sizes);
    root.put("trials", trials.stream().map(TuningReport::fields).toList());
    root.put(
        "gains",
        gains.stream()
            .map(
                g ->
                    Map.of(
                        "workload", g.workload(), "before_ns", g.before(), "after_ns", g.after()))
            .toList());
    root.put("notes", notes);
    return JSON.writeValueAsString(root) + "\n";
  }

  private static Map<String, @Nullable Object> fields(Trial trial) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("parameter", trial.parameter());
    fields.put("value", trial.value());
    fields.put("judgement", trial.judgement().name().toLowerCase(Locale.ROOT));
    trial.ratio().ifPresent(ratio -> fields.put("ratio", ratio));
    if (!trial.detail().isEmpty()) {
      fields.put("detail", trial.detail());
    }
    return fields;
  }
}
