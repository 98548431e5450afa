package org.touchstone.conformance.tune;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Reason;
import org.touchstone.api.op.Op;
import org.touchstone.backends.Backends;
import org.touchstone.backends.config.Nearest;
import org.touchstone.backends.spi.TuningSource;
import org.touchstone.backends.spi.TuningSpace;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.bench.Workload;
import org.touchstone.conformance.tune.TuningReport.Judgement;
import org.touchstone.conformance.tune.TuningReport.Outcome;
import org.touchstone.conformance.tune.TuningReport.Trial;

/**
 * Searches the sizes of a backend's kernels on a device, one parameter after the other. A value is
 * taken when its workloads become faster and the conformance cases of every operator that depends
 * on it pass.
 */
public final class TuningSuite {
  /** Faster by less than this is noise. */
  private static final double WORTH = 0.97;

  private final TuningSource source;
  private final DeviceInfo device;
  private final Request request;
  private final Consumer<Trial> listener;
  private final Trials trials;
  private final List<Trial> all = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private TuningSuite(
      TuningSource source, DeviceInfo device, Request request, Consumer<Trial> listener) {
    this.source = source;
    this.device = device;
    this.request = request;
    this.listener = listener;
    trials = new Trials(device.uri(), System.nanoTime() + request.budget().toNanos());
  }

  /**
   * What to search.
   *
   * @param device URI of the device
   * @param workloads what to time
   * @param parameters names of the parameters to search; empty for all
   * @param budget time after which nothing is started
   * @param file where to write what was found; empty for this user's file
   */
  public record Request(
      String device,
      List<Workload> workloads,
      List<String> parameters,
      Duration budget,
      Optional<Path> file) {
    /** Copies the lists. */
    public Request {
      workloads = List.copyOf(workloads);
      parameters = List.copyOf(parameters);
    }
  }

  /**
   * Searches and writes what is faster.
   *
   * @param listener takes trials as they end
   * @throws ConformanceException when the request cannot be carried out
   */
  public static TuningReport search(Request request, Consumer<Trial> listener) {
    return of(request, listener).search();
  }

  /**
   * Judges the sizes of a file on the device and writes them to the file of the request.
   *
   * @throws ConformanceException when the request cannot be carried out
   */
  public static TuningReport adopt(Path from, Request request) {
    return of(request, trial -> {}).adopt(from);
  }

  private static TuningSuite of(Request request, Consumer<Trial> listener) {
    DeviceInfo device;
    try (Hal hal = Hal.open()) {
      List<DeviceInfo> devices = hal.devices();
      device =
          devices.stream()
              .filter(d -> d.uri().equals(request.device()))
              .findFirst()
              .orElseThrow(
                  () ->
                      new ConformanceException(
                          ExitCode.DEVICE_MISSING,
                          "no device is named '"
                              + request.device()
                              + "'"
                              + Nearest.hint(
                                  request.device(),
                                  devices.stream().map(DeviceInfo::uri).toList())));
    }
    TuningSource source =
        ServiceLoader.load(TuningSource.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(s -> s.backend().equals(device.backend()))
            .findFirst()
            .orElseThrow(
                () ->
                    new ConformanceException(
                        ExitCode.USAGE,
                        "the kernels of " + device.uri() + " have no sizes to choose"));
    return new TuningSuite(source, device, request, listener);
  }

  private TuningSpace space(HalOptions options) {
    return source.space(device, Backends.context(options));
  }

  private TuningReport search() {
    Choice table = new Choice(space(HalOptions.DEFAULT).trial(), new TreeMap<>());
    Choice choice = table;
    Map<String, Double> first = trials.times(request.workloads(), choice.options());
    List<Workload> timed =
        request.workloads().stream().filter(w -> first.containsKey(w.name())).toList();
    notes.addAll(trials.problems());
    if (timed.isEmpty()) {
      throw new ConformanceException(
          ExitCode.FAILURE,
          "nothing can be timed on " + device.uri() + ": " + String.join("; ", notes));
    }
    Map<String, Double> best = new TreeMap<>(first);
    // A parameter may exist for some values of an earlier one only, so names are asked for again.
    List<String> done = new ArrayList<>();
    Optional<TuningSpace.Parameter> next = next(choice, done);
    while (next.isPresent()) {
      done.add(next.get().name());
      choice = improved(choice, next.get(), timed, best);
      next = next(choice, done);
    }
    checkNames(done);
    if (trials.ended()) {
      notes.add("the time budget of " + request.budget().toSeconds() + " s was used up");
    }
    if (!choice.values().isEmpty() && !trials.ended()) {
      // Gains are those of one minute, not of an hour in which other programs came and went.
      first.putAll(trials.times(timed, table.options()));
      best.putAll(trials.times(timed, choice.options()));
    }
    return finished(choice, timed, first, best);
  }

  private Optional<TuningSpace.Parameter> next(Choice choice, List<String> done) {
    return space(choice.options()).parameters().stream()
        .filter(p -> !done.contains(p.name()))
        .filter(p -> request.parameters().isEmpty() || request.parameters().contains(p.name()))
        .findFirst();
  }

  private void checkNames(List<String> done) {
    for (String name : request.parameters()) {
      if (!done.contains(name)) {
        throw new ConformanceException(
            ExitCode.USAGE,
            "no parameter of "
                + device.uri()
                + " is named '"
                + name
                + "'; there are "
                + String.join(
                    ", ",
                    space(HalOptions.DEFAULT).parameters().stream()
                        .map(TuningSpace.Parameter::name)
                        .toList()));
      }
    }
  }

  /** Tries the values of a parameter; the fastest that conformance passes becomes the choice. */
  private Choice improved(
      Choice choice,
      TuningSpace.Parameter parameter,
      List<Workload> timed,
      Map<String, Double> best) {
    List<Workload> workloads =
        timed.stream().filter(w -> parameter.ops().contains(w.testCase().op())).toList();
    if (workloads.isEmpty()) {
      return choice;
    }
    List<Candidate> faster = new ArrayList<>();
    for (String value : parameter.worthTrying()) {
      if (value.equals(parameter.value()) || trials.ended()) {
        continue;
      }
      Choice with = choice.with(parameter.name(), value);
      Map<String, Double> times = trials.times(workloads, with.options());
      if (times.size() < workloads.size()) {
        end(parameter, value, Judgement.WRONG, Optional.empty(), trials.problems().getFirst());
        continue;
      }
      double ratio = ratio(times, best);
      if (ratio > WORTH) {
        end(parameter, value, Judgement.SLOWER, Optional.of(ratio), "");
      } else {
        faster.add(new Candidate(value, with, times, ratio));
      }
    }
    faster.sort(Comparator.comparingDouble(Candidate::ratio));
    boolean taken = false;
    Choice result = choice;
    for (Candidate first : faster) {
      // The machine may have been busy when the choice was timed, so both are timed again, side by
      // side.
      Candidate candidate = taken ? first : again(first, choice, workloads, best);
      if (candidate.times().size() < workloads.size()) {
        end(
            parameter,
            candidate.value(),
            Judgement.WRONG,
            Optional.empty(),
            trials.problems().getFirst());
        continue;
      }
      Optional<Double> ratio = Optional.of(candidate.ratio());
      if (taken || candidate.ratio() > WORTH) {
        end(parameter, candidate.value(), Judgement.SLOWER, ratio, "");
        continue;
      }
      Trials.Proof proof = trials.prove(parameter.ops(), candidate.choice().options());
      if (proof.passed()) {
        taken = true;
        result = candidate.choice();
        best.putAll(candidate.times());
        end(parameter, candidate.value(), Judgement.TAKEN, ratio, proof.detail());
      } else {
        Judgement judgement = proof.wrong() ? Judgement.WRONG : Judgement.NOT_JUDGED;
        end(parameter, candidate.value(), judgement, ratio, proof.detail());
      }
    }
    return result;
  }

  private record Candidate(String value, Choice choice, Map<String, Double> times, double ratio) {}

  private Candidate again(
      Candidate candidate, Choice choice, List<Workload> workloads, Map<String, Double> best) {
    best.putAll(trials.times(workloads, choice.options()));
    Map<String, Double> times = trials.times(workloads, candidate.choice().options());
    return new Candidate(candidate.value(), candidate.choice(), times, ratio(times, best));
  }

  private void end(
      TuningSpace.Parameter parameter,
      String value,
      Judgement judgement,
      Optional<Double> ratio,
      String detail) {
    Trial trial = new Trial(parameter.name(), value, judgement, ratio, detail);
    all.add(trial);
    listener.accept(trial);
  }

  /** Returns the geometric mean of new by old times. */
  private static double ratio(Map<String, Double> times, Map<String, Double> best) {
    return Math.exp(
        times.entrySet().stream()
            .mapToDouble(e -> Math.log(e.getValue() / best.getOrDefault(e.getKey(), Double.NaN)))
            .average()
            .orElse(0));
  }

  private TuningReport finished(
      Choice choice, List<Workload> timed, Map<String, Double> first, Map<String, Double> best) {
    Map<String, String> sizes = sizes(space(choice.options()));
    List<TuningSpace.Gain> gains =
        timed.stream()
            .map(
                w ->
                    new TuningSpace.Gain(
                        w.name(),
                        first.getOrDefault(w.name(), Double.NaN),
                        best.getOrDefault(w.name(), Double.NaN)))
            .toList();
    boolean changed = !choice.values().isEmpty();
    if (changed) {
      keep(sizes, gains);
    }
    return new TuningReport(
        device.uri(), all, sizes, gains, notes, changed ? Outcome.KEPT : Outcome.UNCHANGED);
  }

  private void keep(Map<String, String> sizes, List<TuningSpace.Gain> gains) {
    Path file = request.file().orElseGet(() -> space(HalOptions.DEFAULT).userFile());
    source.keep(file, device, sizes, gains);
    notes.add("written to " + file);
  }

  private static Map<String, String> sizes(TuningSpace space) {
    Map<String, String> sizes = new TreeMap<>();
    space.parameters().forEach(p -> sizes.put(p.name(), p.value()));
    return sizes;
  }

  private TuningReport adopt(Path from) {
    Optional<Reason> refusal = source.refusal(from, device);
    HalOptions options =
        HalOptions.DEFAULT.with(space(HalOptions.DEFAULT).stored().name(), from.toString());
    if (refusal.isPresent()) {
      return refused(refusal.get().toString());
    }
    TuningSpace space = space(options);
    Set<Op> changed = changed(space(HalOptions.DEFAULT), space);
    if (!changed.isEmpty()) {
      Trials.Proof proof = trials.prove(changed, options);
      if (!proof.passed()) {
        return refused(proof.detail());
      }
      notes.add(proof.detail());
    }
    keep(sizes(space), List.of());
    return new TuningReport(device.uri(), all, sizes(space), List.of(), notes, Outcome.KEPT);
  }

  /** Returns the operators that depend on a parameter whose value differs. */
  private static Set<Op> changed(TuningSpace now, TuningSpace then) {
    Map<String, String> values = sizes(now);
    Set<Op> ops = EnumSet.noneOf(Op.class);
    then.parameters().stream()
        .filter(p -> !p.value().equals(values.get(p.name())))
        .forEach(p -> ops.addAll(p.ops()));
    return ops;
  }

  private TuningReport refused(String why) {
    notes.add(why);
    return new TuningReport(
        device.uri(), all, sizes(space(HalOptions.DEFAULT)), List.of(), notes, Outcome.REFUSED);
  }
}
