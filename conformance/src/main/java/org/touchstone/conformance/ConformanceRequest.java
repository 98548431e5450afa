package org.touchstone.conformance;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.touchstone.api.HalOptions;
import org.touchstone.conformance.cases.Level;

/**
 * What to run. Made by {@link #builder}; the defaults run L1 on every ready device that may be
 * chosen automatically.
 *
 * @param level the highest level
 * @param ops operator, family or check group names; empty for all
 * @param caseName exact name of the only case to run, of any level; with {@link Proof#MUTANTS} that
 *     of the seeded defect, in which an asterisk stands for any text
 * @param devices URIs of the devices, or backend names; empty for all automatic ones
 * @param required URIs or backend names that must be ready
 * @param skipBudget the most cases that may be skipped
 * @param mostElements the most elements of all tensors of a case together; without it a device's
 *     own limit holds, which only very slow ones have
 * @param shard the part of the selected cases, or seeded defects, that runs here
 * @param isolation where cases run
 * @param proof whether seeded defects are run
 * @param threads the most cases that run at once on one device
 * @param caseTimeout time limit of one case
 * @param timeBudget time limit of the run; what is left is skipped
 * @param journal file that records finished rows of isolated runs; a run that finds it resumes
 * @param expectations expectation files beside those of the backends
 * @param options configuration of the HAL
 */
public record ConformanceRequest(
    Level level,
    List<String> ops,
    Optional<String> caseName,
    List<String> devices,
    List<String> required,
    OptionalInt skipBudget,
    OptionalLong mostElements,
    Shard shard,
    Isolation isolation,
    Proof proof,
    int threads,
    Duration caseTimeout,
    Optional<Duration> timeBudget,
    Optional<Path> journal,
    List<Path> expectations,
    HalOptions options) {
  /** Where cases run. */
  public enum Isolation {
    /** In this process. */
    IN_PROCESS,
    /** In a worker process per device, which is replaced when it dies or hangs. */
    WORKER
  }

  /** Whether the suite proves itself. */
  public enum Proof {
    /** Cases only. */
    NONE,
    /** Seeded defects instead of cases: each must be caught by a case that passes without it. */
    MUTANTS
  }

  /** Copies the lists and checks the limits. */
  public ConformanceRequest {
    ops = List.copyOf(ops);
    devices = List.copyOf(devices);
    required = List.copyOf(required);
    expectations = List.copyOf(expectations);
    if (threads < 1 || !caseTimeout.isPositive()) {
      throw new ConformanceException(
          ExitCode.USAGE,
          "threads is "
              + threads
              + " and the time limit of a case "
              + caseTimeout
              + "; both must be positive");
    }
    List<String> idle =
        proof == Proof.MUTANTS
            ? Stream.of(
                    isolation == Isolation.WORKER ? "worker processes" : "",
                    journal.isPresent() ? "a journal" : "",
                    threads > 1 ? "several threads" : "",
                    timeBudget.isPresent() ? "a time budget" : "",
                    skipBudget.isPresent() ? "a skip budget" : "",
                    mostElements.isPresent() ? "a limit of elements" : "",
                    expectations.isEmpty() ? "" : "expectations")
                .filter(name -> !name.isEmpty())
                .toList()
            : List.of();
    if (!idle.isEmpty()) {
      throw new ConformanceException(
          ExitCode.USAGE,
          "seeded defects run one by one in this process, each until a case catches it: "
              + String.join(", ", idle)
              + " cannot be had with them; a shard can");
    }
  }

  /** Starts a request with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects what to run. */
  public static final class Builder {
    private final List<String> ops = new ArrayList<>();
    private final List<String> devices = new ArrayList<>();
    private final List<String> required = new ArrayList<>();
    private final List<Path> expectations = new ArrayList<>();
    private Level level = Level.L1;
    private Optional<String> caseName = Optional.empty();
    private OptionalInt skipBudget = OptionalInt.empty();
    private OptionalLong mostElements = OptionalLong.empty();
    private Shard shard = Shard.ALL;
    private Isolation isolation = Isolation.IN_PROCESS;
    private Proof proof = Proof.NONE;
    private int threads = 1;
    private Duration caseTimeout = Duration.ofMinutes(2);
    private Optional<Duration> timeBudget = Optional.empty();
    private Optional<Path> journal = Optional.empty();
    private HalOptions options = HalOptions.DEFAULT;

    private Builder() {}

    /** Sets the highest level. */
    public Builder level(Level highest) {
      level = highest;
      return this;
    }

    /** Adds an operator, a family or a group of checks. */
    public Builder op(String name) {
      ops.add(name);
      return this;
    }

    /** Runs one case only. */
    public Builder caseName(String exactName) {
      caseName = Optional.of(exactName);
      return this;
    }

    /** Adds a device by its URI, or all ready devices of a backend by its name. */
    public Builder device(String uriOrBackend) {
      devices.add(uriOrBackend);
      return this;
    }

    /** Demands that a device, or a device of a backend, is ready. */
    public Builder require(String uriOrBackend) {
      required.add(uriOrBackend);
      return this;
    }

    /** Limits how many cases may be skipped. */
    public Builder skipBudget(int most) {
      skipBudget = OptionalInt.of(most);
      return this;
    }

    /** Limits the elements of all tensors of a case together. */
    public Builder mostElements(long most) {
      mostElements = OptionalLong.of(most);
      return this;
    }

    /** Runs a part of the selected cases, or seeded defects, only. */
    public Builder shard(Shard part) {
      shard = part;
      return this;
    }

    /** Chooses where cases run. */
    public Builder isolation(Isolation where) {
      isolation = where;
      return this;
    }

    /** Chooses whether the suite proves itself. */
    public Builder proof(Proof what) {
      proof = what;
      return this;
    }

    /** Limits how many cases run at once on one device. */
    public Builder threads(int most) {
      threads = most;
      return this;
    }

    /** Limits the time of one case. */
    public Builder caseTimeout(Duration limit) {
      caseTimeout = limit;
      return this;
    }

    /** Limits the time of the run. */
    public Builder timeBudget(Duration limit) {
      timeBudget = Optional.of(limit);
      return this;
    }

    /** Records finished rows of isolated runs in a file, and resumes from it. */
    public Builder journal(Path file) {
      journal = Optional.of(file);
      return this;
    }

    /** Adds an expectation file. */
    public Builder expectations(Path file) {
      expectations.add(file);
      return this;
    }

    /** Sets the configuration of the HAL. */
    public Builder options(HalOptions halOptions) {
      options = halOptions;
      return this;
    }

    /** Finishes the request. */
    public ConformanceRequest build() {
      return new ConformanceRequest(
          level,
          ops,
          caseName,
          devices,
          required,
          skipBudget,
          mostElements,
          shard,
          isolation,
          proof,
          threads,
          caseTimeout,
          timeBudget,
          journal,
          expectations,
          options);
    }
  }
}
