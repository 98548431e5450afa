package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.BackendReport;
import org.touchstone.api.BackendReport.State;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Selection;
import org.touchstone.backends.Backends;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;
import org.touchstone.backends.testing.FakeBackend;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class RegistryTest {
  private static final FakeBackend HEALTHY = healthy("healthy");

  private static FakeBackend healthy(String name) {
    return FakeBackend.of(name, FakeBackend.cpu(name + "://0", name, HostAccess.DIRECT));
  }

  private static Hal open(BackendProvider... providers) {
    return Backends.open(HalOptions.DEFAULT, providers);
  }

  private static BackendReport report(Hal hal, String name) {
    return hal.backends().stream().filter(b -> b.name().equals(name)).findFirst().orElseThrow();
  }

  private static Reason reason(Hal hal, String name) {
    return report(hal, name).reason().orElseThrow();
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        failing(() -> new IllegalStateException("status -36"), ReasonCode.PROBE_FAILED),
        failing(() -> new UnsatisfiedLinkError("no libx"), ReasonCode.NATIVE_LIBRARY_FAILED),
        failing(
            () -> new NoClassDefFoundError("Could not load X"), ReasonCode.NATIVE_LIBRARY_FAILED),
        failing(
            () -> new ExceptionInInitializerError(new IllegalStateException("deep")),
            ReasonCode.NATIVE_LIBRARY_FAILED),
        failing(() -> new ServiceConfigurationError("wrong line"), ReasonCode.PROBE_FAILED),
        failing(() -> new AssertionError("wrong"), ReasonCode.PROBE_FAILED),
        failing(() -> new StackOverflowError(), ReasonCode.PROBE_FAILED));
  }

  private static Arguments failing(Supplier<Throwable> failure, ReasonCode code) {
    return Arguments.of(failure.get().getClass().getSimpleName(), failure, code);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("failures")
  void survives_a_probe_that_throws(String name, Supplier<Throwable> failure, ReasonCode code) {
    FakeBackend bad =
        FakeBackend.probing(
            "bad",
            () -> {
              throw rethrow(failure.get());
            });
    try (Hal hal = open(bad, HEALTHY)) {
      assertThat(report(hal, "bad").state()).isEqualTo(State.BROKEN);
      assertThat(reason(hal, "bad").code()).isEqualTo(code);
      assertThat(reason(hal, "bad").detail()).startsWith(name);
      assertThat(hal.devices()).extracting(DeviceInfo::uri).containsExactly("healthy://0");
    }
  }

  @Test
  void takes_a_wrong_setting_for_the_users_mistake() {
    FakeBackend bad =
        FakeBackend.probing(
            "bad",
            () -> {
              throw new HalException(ErrorCode.CONFIGURATION, "x.y is 'z', expected a or b");
            });
    try (Hal hal = open(bad, HEALTHY)) {
      assertThat(reason(hal, "bad").code()).isEqualTo(ReasonCode.PROBE_FAILED);
      assertThat(reason(hal, "bad").detail()).contains("x.y is 'z', expected a or b");
      assertThat(reason(hal, "bad").remedy()).contains("correct the setting", "touchstone env");
    }
  }

  private static RuntimeException rethrow(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) failure;
  }

  @Test
  void survives_a_probe_that_hangs() {
    AtomicReference<Boolean> daemon = new AtomicReference<>(false);
    FakeBackend hanging =
        FakeBackend.probing(
            "hanging",
            () -> {
              daemon.set(Thread.currentThread().isDaemon());
              while (true) {
                // A driver ignores the interrupt.
                LockSupport.parkNanos(1_000_000);
              }
            });
    HalOptions options = HalOptions.DEFAULT.with("probe.timeout", "3s");
    try (Hal hal = Backends.open(options, hanging, HEALTHY)) {
      assertThat(report(hal, "hanging").state()).isEqualTo(State.BROKEN);
      assertThat(reason(hal, "hanging").code()).isEqualTo(ReasonCode.PROBE_TIMEOUT);
      assertThat(reason(hal, "hanging").detail()).contains("3000 ms");
      assertThat(report(hal, "hanging").probeTime()).isGreaterThanOrEqualTo(Duration.ofSeconds(3));
      assertThat(daemon.get()).isTrue();
      assertThat(hal.devices()).hasSize(1);
    }
  }

  @Test
  void takes_no_backend_of_another_version() {
    FakeBackend newer = FakeBackend.ofSpi("newer", 2, 3);
    FakeBackend older = FakeBackend.ofSpi("older", 0, 0);
    try (Hal hal = open(newer, older)) {
      assertThat(reason(hal, "newer").code()).isEqualTo(ReasonCode.VERSION_MISMATCH);
      assertThat(reason(hal, "newer").detail())
          .isEqualTo("the backend works with SPI 2 to 3, this host takes 1 to 1");
      assertThat(reason(hal, "older").code()).isEqualTo(ReasonCode.VERSION_MISMATCH);
      assertThat(reason(hal, "older").detail()).contains("SPI 0 to 0", "takes 1 to 1");
    }
  }

  @Test
  void takes_a_newer_backend_that_still_works_with_this_version() {
    DeviceInfo device = FakeBackend.cpu("fake://0", "fake", HostAccess.DIRECT);
    BackendProvider provider = FakeBackend.of("fake", device).describedAs(1, 9);
    try (Hal hal = open(provider)) {
      assertThat(hal.devices()).containsExactly(device);
    }
  }

  @Test
  void does_not_probe_what_the_configuration_excludes() {
    FakeBackend excluded =
        FakeBackend.probing(
            "excluded",
            () -> {
              throw new AssertionError("probed");
            });
    HalOptions options = HalOptions.DEFAULT.with("backends.exclude", " excluded , other");
    try (Hal hal = Backends.open(options, excluded, HEALTHY)) {
      assertThat(report(hal, "excluded").state()).isEqualTo(State.ABSENT);
      assertThat(reason(hal, "excluded").code()).isEqualTo(ReasonCode.DISABLED);
      assertThat(excluded.probes()).isZero();
    }
  }

  @Test
  void passes_the_reasons_of_a_probe_on() {
    Reason missing = Reason.of(ReasonCode.NO_PLATFORM, "status -1001");
    Reason refused = Reason.of(ReasonCode.DRIVER_REFUSED, "status 999");
    try (Hal hal =
        open(
            FakeBackend.probing("absent", () -> new Probe.Absent(missing)),
            FakeBackend.probing("broken", () -> new Probe.Broken(refused)))) {
      assertThat(report(hal, "absent").state()).isEqualTo(State.ABSENT);
      assertThat(reason(hal, "absent")).isEqualTo(missing);
      assertThat(report(hal, "broken").state()).isEqualTo(State.BROKEN);
      assertThat(reason(hal, "broken")).isEqualTo(refused);
      assertThat(report(hal, "broken").version()).isEqualTo("1.2.3");
    }
  }

  @Test
  void holds_backends_to_their_contract() {
    DeviceInfo foreign = FakeBackend.cpu("x://0", "somebody", HostAccess.DIRECT);
    DeviceInfo own = FakeBackend.cpu("x://0", "x", HostAccess.DIRECT);
    assertBroken(List.of(), "READY without a device");
    assertBroken(List.of(foreign), "names backend 'somebody', expected 'x'");
    assertBroken(List.of(own, own), "two devices are named x://0");
  }

  private static void assertBroken(List<DeviceInfo> devices, String detail) {
    try (Hal hal = open(FakeBackend.probing("x", () -> new Probe.Ready(devices)))) {
      assertThat(reason(hal, "x").code()).isEqualTo(ReasonCode.PROBE_FAILED);
      assertThat(reason(hal, "x").detail()).contains(detail);
    }
  }

  @Test
  void gives_a_name_to_one_device_only() {
    DeviceInfo first = FakeBackend.cpu("gpu://0", "a", HostAccess.DIRECT);
    DeviceInfo second = FakeBackend.cpu("gpu://0", "b", HostAccess.DIRECT);
    try (Hal hal = open(FakeBackend.of("b", second), FakeBackend.of("a", first))) {
      assertThat(hal.devices()).containsExactly(first);
      assertThat(reason(hal, "b").detail()).contains("gpu://0 belongs to", "a already");
    }
  }

  @Test
  void probes_once_and_only_when_needed() {
    FakeBackend backend = healthy("lazy");
    try (Hal hal = open(backend)) {
      assertThat(backend.probes()).isZero();
      assertThat(hal.devices()).hasSize(1);
      assertThat(hal.backends()).hasSize(1);
      assertThat(hal.devices()).hasSize(1);
      assertThat(backend.probes()).isOne();
      assertThat(backend.opened()).isZero();
    }
  }

  @Test
  void lists_backends_by_name_whatever_their_order() {
    FakeBackend[] backends = {healthy("zeta"), healthy("alpha"), healthy("mid")};
    try (Hal hal = open(backends)) {
      assertThat(hal.backends())
          .extracting(BackendReport::name)
          .containsExactly("alpha", "mid", "zeta");
      assertThat(hal.devices())
          .extracting(DeviceInfo::uri)
          .containsExactly("alpha://0", "mid://0", "zeta://0");
    }
  }

  @Test
  void reports_a_registration_that_leads_nowhere(@TempDir Path folder) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(BackendProvider.class.getName()),
        "org.example.Missing\n" + NotAProvider.class.getName() + "\n" + Healthy.class.getName());
    try (URLClassLoader loader =
            new URLClassLoader(
                new URL[] {folder.toUri().toURL()}, RegistryTest.class.getClassLoader());
        Hal hal =
            new TouchstoneHal(
                new HalContext(Configuration.of(Map.of())), ProviderEntry.discover(loader))) {
      assertThat(reason(hal, "registration-1").detail()).contains("org.example.Missing");
      assertThat(reason(hal, "registration-2").detail()).contains("NotAProvider");
      assertThat(report(hal, "registration-2").state()).isEqualTo(State.BROKEN);
      assertThat(report(hal, "registered").state()).isEqualTo(State.READY);
    }
  }

  /** Registered by mistake. */
  public static final class NotAProvider {}

  /** Registered rightly. */
  public static final class Healthy implements BackendProvider {
    private final FakeBackend backend = healthy("registered");

    @Override
    public BackendDescription description() {
      return backend.description();
    }

    @Override
    public Probe probe(BackendContext context) {
      return backend.probe(context);
    }

    @Override
    public BackendDevice open(DeviceInfo device, BackendContext context) {
      return backend.open(device, context);
    }
  }

  @Test
  void is_found_by_the_service_loader() {
    try (Hal hal = Hal.open()) {
      assertThat(hal).isInstanceOf(TouchstoneHal.class);
    }
  }

  @Test
  void rejects_a_wrong_time_limit() {
    try (Hal hal = Backends.open(HalOptions.DEFAULT.with("probe.timeout", "soon"), HEALTHY)) {
      assertFails(ErrorCode.CONFIGURATION, hal::devices)
          .hasMessageContaining("touchstone.probe.timeout is 'soon' (set by the program)");
    }
  }

  @Test
  void refuses_after_close() {
    Hal hal = open(HEALTHY);
    hal.close();
    hal.close();
    assertFails(ErrorCode.CLOSED, hal::devices);
    assertFails(ErrorCode.CLOSED, hal::backends);
    assertFails(ErrorCode.CLOSED, () -> hal.device("healthy://0"));
    assertFails(ErrorCode.CLOSED, () -> hal.select(Selection.any()));
    assertFails(ErrorCode.CLOSED, () -> hal.explain(Selection.any()));
  }
}
