package org.touchstone.backends.hal;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.BackendReport;
import org.touchstone.api.BackendReport.State;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/**
 * Loads, describes and probes one provider on a daemon thread, so that a driver that hangs or
 * throws harms nobody else.
 */
final class ProviderProbe {
  private static final String CORRECT_THE_SETTING =
      "correct the setting; 'touchstone env' says where it comes from";

  private final ProviderEntry entry;
  private final BackendContext context;
  private final Set<String> excluded;
  private final CompletableFuture<Backend> result = new CompletableFuture<>();
  private final Thread thread;
  private final long started = System.nanoTime();
  private volatile @Nullable BackendDescription description;

  ProviderProbe(ProviderEntry entry, BackendContext context, Set<String> excluded) {
    this.entry = entry;
    this.context = context;
    this.excluded = excluded;
    this.thread =
        Thread.ofPlatform().daemon().name("touchstone-probe-" + entry.label()).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Waits for the probe until the limit, counted from its construction. */
  Backend result(Duration limit) {
    try {
      long left = limit.toNanos() - (System.nanoTime() - started);
      return result.get(Math.max(0, left), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      // A native call does not notice the interrupt; the daemon thread is left behind then.
      thread.interrupt();
      return without(
          State.BROKEN,
          Reason.of(
              ReasonCode.PROBE_TIMEOUT,
              "the probe did not answer within " + limit.toMillis() + " ms"));
    } catch (ExecutionException e) {
      return failed(e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HalException(
          ErrorCode.INTERRUPTED,
          "interrupted while the backends were probed",
          null,
          null,
          "probe again by calling the HAL again",
          e);
    }
  }

  private void run() {
    try {
      result.complete(probe());
      // Nothing may escape: the loader, the static initialisers and the driver are all foreign
      // code.
    } catch (Throwable e) {
      result.completeExceptionally(e);
    }
  }

  private Backend probe() {
    BackendProvider provider = entry.load().get();
    BackendDescription described = provider.description();
    description = described;
    if (excluded.contains(described.name())) {
      return without(
          State.ABSENT,
          Reason.of(ReasonCode.DISABLED, "touchstone.backends.exclude names " + described.name()));
    }
    if (described.oldestSpi() > BackendDescription.SPI_VERSION
        || described.builtForSpi() < BackendDescription.OLDEST_SPI) {
      return without(
          State.BROKEN,
          Reason.of(
              ReasonCode.VERSION_MISMATCH,
              "the backend works with SPI "
                  + described.oldestSpi()
                  + " to "
                  + described.builtForSpi()
                  + ", this host takes "
                  + BackendDescription.OLDEST_SPI
                  + " to "
                  + BackendDescription.SPI_VERSION));
    }
    return switch (provider.probe(context)) {
      case Probe.Absent absent -> without(State.ABSENT, absent.reason());
      case Probe.Broken broken -> without(State.BROKEN, broken.reason());
      case Probe.Ready ready -> ready(provider, described, ready.devices());
    };
  }

  private Backend ready(
      BackendProvider provider, BackendDescription described, List<DeviceInfo> devices) {
    Optional<String> mistake = mistake(described, devices);
    if (mistake.isPresent()) {
      return without(State.BROKEN, Reason.of(ReasonCode.PROBE_FAILED, mistake.get()));
    }
    return new Backend(
        Optional.of(provider),
        new BackendReport(
            described.name(),
            described.version(),
            State.READY,
            Optional.empty(),
            devices.stream().sorted(Ranking.BUILT_IN).toList(),
            elapsed()));
  }

  private static Optional<String> mistake(BackendDescription described, List<DeviceInfo> devices) {
    if (devices.isEmpty()) {
      return Optional.of("the probe answered READY without a device");
    }
    Set<String> uris = new HashSet<>();
    for (DeviceInfo device : devices) {
      if (!device.backend().equals(described.name())) {
        return Optional.of(
            device.uri()
                + " names backend '"
                + device.backend()
                + "', expected '"
                + described.name()
                + "'");
      }
      if (!uris.add(device.uri())) {
        return Optional.of("two devices are named " + device.uri());
      }
    }
    return Optional.empty();
  }

  private Backend failed(Throwable failure) {
    boolean linkage = failure instanceof LinkageError;
    ReasonCode code = linkage ? ReasonCode.NATIVE_LIBRARY_FAILED : ReasonCode.PROBE_FAILED;
    boolean setting =
        failure instanceof HalException known && known.code() == ErrorCode.CONFIGURATION;
    return without(
        State.BROKEN,
        Reason.of(code, Failures.summary(failure), setting ? CORRECT_THE_SETTING : code.remedy()));
  }

  private Backend without(State state, Reason reason) {
    BackendDescription known = description;
    return new Backend(
        Optional.empty(),
        new BackendReport(
            known == null ? entry.label() : known.name(),
            known == null ? "unknown" : known.version(),
            state,
            Optional.of(reason),
            List.of(),
            elapsed()));
  }

  private Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - started);
  }
}
