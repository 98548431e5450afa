package org.touchstone.backends.hal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.BackendReport;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.config.Nearest;
import org.touchstone.backends.config.Settings;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendProvider;

/** The backends and their devices; probed once, when first needed. Thread-safe. */
final class Registry {
  private final List<ProviderEntry> entries;
  private final BackendContext context;
  private @Nullable List<Backend> probed;

  Registry(List<ProviderEntry> entries, BackendContext context) {
    this.entries = entries;
    this.context = context;
  }

  /** Returns the backends, sorted by name. */
  synchronized List<Backend> backends() {
    if (probed == null) {
      probed = probe();
    }
    return probed;
  }

  /** Returns every device, unranked. */
  List<DeviceInfo> devices() {
    return backends().stream().flatMap(b -> b.report().devices().stream()).toList();
  }

  /** Returns the provider that found a device. */
  Optional<BackendProvider> provider(DeviceInfo device) {
    return backends().stream()
        .filter(b -> b.report().devices().contains(device))
        .findFirst()
        .flatMap(Backend::provider);
  }

  private List<Backend> probe() {
    Duration limit = HalSettings.probeLimit(context.configuration());
    Set<String> excluded = HalSettings.excludedBackends(context.configuration());
    List<ProviderProbe> probes =
        entries.stream().map(entry -> new ProviderProbe(entry, context, excluded)).toList();
    probes.forEach(ProviderProbe::start);
    List<Backend> found = new ArrayList<>();
    for (ProviderProbe probe : probes) {
      found.add(probe.result(limit));
    }
    found.sort(Comparator.comparing((Backend b) -> b.report().name()));
    noticeUnknown(excluded, found);
    Settings.unknown(
            context.configuration(),
            found.stream().map(b -> b.report().name()).collect(Collectors.toSet()))
        .forEach(context::notice);
    return withoutDuplicates(found);
  }

  private void noticeUnknown(Set<String> excluded, List<Backend> found) {
    List<String> names = found.stream().map(b -> b.report().name()).toList();
    for (String name : excluded) {
      if (!names.contains(name)) {
        context.notice(
            "touchstone.backends.exclude names '"
                + name
                + "', but there is no such backend; there are "
                + names
                + Nearest.hint(name, names));
      }
    }
  }

  /** A URI must lead to one device: the first backend by name keeps it, the other is broken. */
  private static List<Backend> withoutDuplicates(List<Backend> backends) {
    Map<String, String> owners = new HashMap<>();
    List<Backend> unique = new ArrayList<>();
    for (Backend backend : backends) {
      BackendReport report = backend.report();
      Optional<DeviceInfo> taken =
          report.devices().stream().filter(d -> owners.containsKey(d.uri())).findFirst();
      if (taken.isPresent()) {
        String uri = taken.get().uri();
        Reason reason =
            Reason.of(
                ReasonCode.PROBE_FAILED,
                uri + " belongs to another provider of backend " + owners.get(uri) + " already",
                "keep one of the two jars");
        unique.add(
            new Backend(
                Optional.empty(),
                new BackendReport(
                    report.name(),
                    report.version(),
                    BackendReport.State.BROKEN,
                    Optional.of(reason),
                    List.of(),
                    report.probeTime())));
      } else {
        report.devices().forEach(d -> owners.put(d.uri(), report.name()));
        unique.add(backend);
      }
    }
    return List.copyOf(unique);
  }
}
