package org.touchstone.conformance.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Operator;
import org.touchstone.api.Promise;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.Subnormals;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;

/** An open, instrumented device and the operators prepared for it. Thread-safe. */
public final class Session implements AutoCloseable {
  private final Hal hal;
  private final Instruments instruments;
  private final UnaryOperator<Device> front;
  private final Device device;
  private final Observation observation;
  private final Oracle oracle;
  private final Map<OpSpec<?>, Operator<?>> prepared = new ConcurrentHashMap<>();

  private Session(
      Hal hal,
      Instruments instruments,
      UnaryOperator<Device> front,
      Device device,
      Observation observation,
      Oracle oracle) {
    this.hal = hal;
    this.instruments = instruments;
    this.front = front;
    this.device = device;
    this.observation = observation;
    this.oracle = oracle;
  }

  /** Opens a device with a wrapper around its backend. */
  public static Session open(Hal hal, String uri, Instruments instruments, Oracle oracle) {
    return open(hal, uri, instruments, UnaryOperator.identity(), oracle);
  }

  /**
   * Opens a device with wrappers around its backend and around what programs see of it.
   *
   * @param front wraps the open device
   */
  public static Session open(
      Hal hal, String uri, Instruments instruments, UnaryOperator<Device> front, Oracle oracle) {
    Observation observation = new Observation();
    Device device = Backends.open(hal, uri, observation.around(instruments));
    return new Session(hal, instruments, front, front.apply(device), observation, oracle);
  }

  /**
   * Opens a device as a program does, without eyes on its memory, which cost every launch with
   * workspace a millisecond; {@link #observation} sees nothing.
   */
  public static Session unobserved(Hal hal, String uri, Oracle oracle) {
    Device device = Backends.open(hal, uri, Instruments.NONE);
    return new Session(
        hal, Instruments.NONE, UnaryOperator.identity(), device, new Observation(), oracle);
  }

  /** Opens the device once more, with memory and operators of its own. */
  public Session reopen() {
    return open(hal, device.info().uri(), instruments, front, oracle);
  }

  /** Opens the same device of another HAL, with the same instruments. */
  public Session reopen(Hal other) {
    return open(other, device.info().uri(), instruments, front, oracle);
  }

  /** Finds the reference. */
  public static Oracle findOracle() {
    return ServiceLoader.load(Oracle.class, Oracle.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new ConformanceException(
                    ExitCode.INTERNAL,
                    "no reference was found; add touchstone-backends-cpu to the module path or"
                        + " class path"));
  }

  /** Returns the device. */
  public Device device() {
    return device;
  }

  /** Returns the eyes on its memory. */
  public Observation observation() {
    return observation;
  }

  /** Returns the reference. */
  public Oracle oracle() {
    return oracle;
  }

  /** Prepares a spec once. */
  @SuppressWarnings("unchecked") // the map pairs each spec with its own operator
  public <A extends Args> Operator<A> prepare(OpSpec<A> spec) {
    return (Operator<A>) prepared.computeIfAbsent(spec, device::prepare);
  }

  /** Returns the number of specs prepared. */
  public int preparedSpecs() {
    return prepared.size();
  }

  /** Renders what a kernel declares in one line; what is usual is left out. */
  static String describe(KernelTraits traits) {
    List<String> parts = new ArrayList<>();
    parts.add(traits.accumulator().toString());
    if (traits.accumulator().kind() != Accumulator.Kind.F64) {
      parts.add("chain(1024)=" + traits.chain().length(1024));
    }
    RoundPoints points = traits.roundPoints();
    if (!points.equals(RoundPoints.NONE)) {
      parts.add(
          "rounds(p="
              + points.probabilities()
              + " lq="
              + points.latentQuery()
              + " lo="
              + points.latentOutput()
              + " kv="
              + points.expandedKv()
              + ")");
    }
    if (!traits.subnormals().equals(Subnormals.KEPT)) {
      parts.add(
          "flushes("
              + (traits.subnormals().inputs() == Subnormals.Handling.FLUSHED ? "inputs " : "")
              + (traits.subnormals().accumulator() == Subnormals.Handling.FLUSHED ? "sums" : "")
              + ")");
    }
    parts.add(traits.deterministic() == Promise.HOLDS ? "deterministic" : "nondeterministic");
    if (traits.batchInvariant() == Promise.HOLDS) {
      parts.add("batch-invariant");
    }
    parts.add(traits.evidence().name().toLowerCase(java.util.Locale.ROOT));
    return String.join(" ", parts);
  }

  @Override
  public void close() {
    prepared.clear();
    device.close();
  }
}
