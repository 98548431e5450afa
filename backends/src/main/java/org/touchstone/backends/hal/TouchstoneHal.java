package org.touchstone.backends.hal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.touchstone.api.BackendReport;
import org.touchstone.api.Decision;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.FallbackPolicy;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.NoDeviceException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Selection;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.hal.Chooser.Thoroughness;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;

/**
 * Finds backends, decides selections and opens devices. A device that had to be opened to learn
 * what it supports waits, open, until it is chosen or the HAL is closed.
 */
public final class TouchstoneHal implements Hal {
  private final HalContext context;
  private final Registry registry;
  private final Object lock = new Object();
  private final Map<String, BackendDevice> waiting = new HashMap<>();
  private final Set<HalDevice> open = new HashSet<>();
  private boolean closed;

  TouchstoneHal(HalContext context, List<ProviderEntry> providers) {
    this.context = context;
    this.registry = new Registry(providers, context);
  }

  /** Opens a HAL over exactly the given providers. */
  public static TouchstoneHal over(HalContext context, List<BackendProvider> providers) {
    return new TouchstoneHal(context, providers.stream().map(ProviderEntry::of).toList());
  }

  @Override
  public List<BackendReport> backends() {
    requireOpen();
    return registry.backends().stream().map(Backend::report).toList();
  }

  @Override
  public List<DeviceInfo> devices() {
    requireOpen();
    return registry.devices().stream().sorted(Ranking.BUILT_IN).toList();
  }

  @Override
  public Decision explain(Selection selection) {
    return new Chooser(
            backends(),
            selection,
            device ->
                selection.required().isEmpty() ? Optional.empty() : refusal(device, selection),
            Thoroughness.ALL)
        .choose()
        .decision();
  }

  @Override
  public Device select(Selection selection) {
    Choice choice =
        new Chooser(
                backends(),
                selection,
                device -> refusal(device, selection),
                Thoroughness.UNTIL_CHOSEN)
            .choose();
    DeviceInfo device = choice.device().orElseThrow(() -> new NoDeviceException(choice.decision()));
    List<String> notes =
        choice
            .fallback()
            .map(why -> List.of("fallback: " + why + "; " + device.uri() + " runs instead"))
            .orElse(List.of());
    if (selection.fallback() == FallbackPolicy.WARN) {
      notes.forEach(note -> HalContext.LOG.log(System.Logger.Level.WARNING, note));
    }
    return open(device, Instruments.NONE, notes);
  }

  @Override
  public Device device(String uri) {
    return device(uri, Instruments.NONE);
  }

  /** Opens a device with instruments between the HAL and the backend. */
  public Device device(String uri, Instruments instruments) {
    DeviceInfo device =
        registryDevices().stream()
            .filter(d -> d.uri().equals(uri))
            .findFirst()
            .orElseThrow(
                () -> {
                  Reason reason = Chooser.unknown(uri, backends());
                  return new HalException(
                      ErrorCode.UNKNOWN_DEVICE, reason.detail(), null, null, reason.remedy(), null);
                });
    return open(device, instruments, List.of());
  }

  private List<DeviceInfo> registryDevices() {
    requireOpen();
    return registry.devices();
  }

  private HalDevice open(DeviceInfo info, Instruments instruments, List<String> notes) {
    synchronized (lock) {
      requireOpen();
      BackendDevice ready = waiting.remove(info.uri());
      BackendDevice backend = ready == null ? openBackend(info) : ready;
      HalDevice device = new HalDevice(info, backend, instruments, context, notes, this::forget);
      open.add(device);
      return device;
    }
  }

  private void forget(HalDevice device) {
    synchronized (lock) {
      open.remove(device);
    }
  }

  private BackendDevice openBackend(DeviceInfo info) {
    try {
      return registry
          .provider(info)
          .orElseThrow(
              () ->
                  new HalException(
                      ErrorCode.INTERNAL, info.uri() + " belongs to no provider any more"))
          .open(info, context);
      // A provider is foreign code, up to the static initialisers of its native bindings.
    } catch (Throwable e) {
      throw Failures.of(e, "opening the device", null, info.uri());
    }
  }

  /** Says why a device cannot be opened or does not run the required specs. */
  private Optional<Reason> refusal(DeviceInfo info, Selection selection) {
    synchronized (lock) {
      requireOpen();
      BackendDevice backend = waiting.get(info.uri());
      if (backend == null) {
        try {
          backend = openBackend(info);
        } catch (HalException e) {
          String detail = "the device was found but could not be opened: " + Failures.summary(e);
          context.notice(info.uri() + ": " + detail);
          return Optional.of(
              Reason.of(
                  ReasonCode.DRIVER_REFUSED,
                  detail,
                  e.remedy().orElse(ReasonCode.DRIVER_REFUSED.remedy())));
        }
        waiting.put(info.uri(), backend);
      }
      for (OpSpec<?> spec : selection.required()) {
        Optional<Reason> no = refusal(backend, spec, info);
        if (no.isPresent()) {
          return no;
        }
      }
      return Optional.empty();
    }
  }

  private static Optional<Reason> refusal(BackendDevice backend, OpSpec<?> spec, DeviceInfo info) {
    try {
      return Planning.verdict(backend, spec, info) instanceof Verdict.No(Reason reason)
          ? Optional.of(
              Reason.of(
                  reason.code(), spec.op().opName() + ": " + reason.detail(), reason.remedy()))
          : Optional.empty();
    } catch (HalException e) {
      // A backend that breaks must not keep the program from the other devices.
      return Optional.of(Reason.of(ReasonCode.PROBE_FAILED, Failures.summary(e)));
    }
  }

  private void requireOpen() {
    synchronized (lock) {
      if (closed) {
        throw new HalException(
            ErrorCode.CLOSED,
            "the HAL is closed",
            null,
            null,
            "keep it open while its devices are used",
            null);
      }
    }
  }

  @Override
  public void close() {
    List<AutoCloseable> owned;
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      owned = new ArrayList<>(open);
      owned.addAll(waiting.values());
      waiting.clear();
    }
    Closing.all(owned, "closing the HAL", null);
  }
}
