package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.lang.reflect.Proxy;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.touchstone.api.Decision;
import org.touchstone.api.Decision.Candidate;
import org.touchstone.api.Decision.Outcome;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.FallbackPolicy;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.NoDeviceException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Selection;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.CastSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.spi.Probe;
import org.touchstone.backends.testing.FakeBackend;
import org.touchstone.backends.testing.FakeDevice;
import org.touchstone.backends.testing.FakeQueue;

class SelectionTest {
  private static final AddSpec ADD = AddSpec.of(DType.F32);
  private static final CastSpec CAST = CastSpec.of(DType.F32, DType.BF16);
  private static final long GIB = 1L << 30;

  private static DeviceInfo device(String uri, DeviceKind kind, Evidence evidence, long gib) {
    return device(uri, kind, evidence, gib, 0);
  }

  private static DeviceInfo device(
      String uri, DeviceKind kind, Evidence evidence, long gib, double score) {
    return FakeBackend.device(uri, "m", kind, evidence, HostAccess.COPY, gib * GIB, score);
  }

  private static final DeviceInfo SMALL_GPU =
      device("gpu://small", DeviceKind.GPU, Evidence.HARDWARE, 8);
  private static final DeviceInfo LARGE_GPU =
      device("gpu://large", DeviceKind.GPU, Evidence.HARDWARE, 80);
  private static final DeviceInfo LARGE_FAST_GPU =
      device("gpu://large-fast", DeviceKind.GPU, Evidence.HARDWARE, 80, 2.5);
  private static final DeviceInfo LARGE_TWIN =
      device("gpu://large-a", DeviceKind.GPU, Evidence.HARDWARE, 80);
  private static final DeviceInfo SOFT_GPU =
      device("gpu://soft", DeviceKind.GPU, Evidence.SOFTWARE, 200, 9);
  private static final DeviceInfo NPU =
      device("npu://0", DeviceKind.ACCELERATOR, Evidence.HARDWARE, 0);
  private static final DeviceInfo CPU = device("cpu://simd", DeviceKind.CPU, Evidence.HARDWARE, 0);
  private static final DeviceInfo REFERENCE =
      FakeBackend.namedOnly(device("cpu://reference", DeviceKind.CPU, Evidence.HARDWARE, 0));
  private static final DeviceInfo SIMULATOR =
      FakeBackend.namedOnly(device("sim://0", DeviceKind.GPU, Evidence.SIMULATOR, 500));

  private static final BackendProvider ABSENT =
      FakeBackend.probing(
          "cuda",
          () -> new Probe.Absent(Reason.of(ReasonCode.DRIVER_MISSING, "no libcuda.so.1 found")));

  private static FakeBackend machine(DeviceInfo... devices) {
    return FakeBackend.of("m", devices);
  }

  private static FakeBackend everything() {
    return machine(
        SIMULATOR, REFERENCE, CPU, NPU, SOFT_GPU, SMALL_GPU, LARGE_TWIN, LARGE_GPU, LARGE_FAST_GPU);
  }

  private static Hal open(BackendProvider... providers) {
    return Backends.open(HalOptions.DEFAULT, providers);
  }

  private static Decision explain(Selection selection, BackendProvider... providers) {
    try (Hal hal = open(providers)) {
      return hal.explain(selection);
    }
  }

  private static Candidate candidate(Decision decision, String subject) {
    return decision.candidates().stream()
        .filter(c -> c.subject().equals(subject))
        .findFirst()
        .orElseThrow();
  }

  private static ReasonCode code(Decision decision, DeviceInfo device) {
    return candidate(decision, device.uri()).reason().orElseThrow().code();
  }

  @Test
  void enumerates_in_selection_order() {
    try (Hal hal = open(everything())) {
      assertThat(hal.devices())
          .extracting(DeviceInfo::uri)
          .containsExactly(
              "gpu://large-fast",
              "gpu://large",
              "gpu://large-a",
              "gpu://small",
              "npu://0",
              "cpu://simd",
              "gpu://soft",
              "cpu://reference",
              "sim://0");
      assertThat(hal.explain(Selection.any()).candidates())
          .extracting(Candidate::subject)
          .containsExactlyElementsOf(hal.devices().stream().map(DeviceInfo::uri).toList());
    }
  }

  @Test
  void gives_every_loser_its_reason() {
    Decision decision = explain(Selection.any(), everything(), ABSENT);
    assertThat(decision.chosen()).contains(LARGE_FAST_GPU);
    assertThat(candidate(decision, "gpu://large-fast").reason()).isEmpty();
    assertThat(reason(decision, LARGE_GPU))
        .isEqualTo(
            "RANKED_LOWER: gpu://large-fast ranks higher: score 2.5 against 0.0 (name it by its URI)");
    assertThat(reason(decision, SMALL_GPU)).contains(80 * GIB + " bytes", "against " + 8 * GIB);
    assertThat(reason(decision, NPU)).contains("kind GPU ranks before ACCELERATOR");
    assertThat(reason(decision, SOFT_GPU))
        .startsWith("SOFTWARE_DEVICE")
        .contains("run in SOFTWARE");
    assertThat(code(decision, REFERENCE)).isEqualTo(ReasonCode.NAMED_ONLY);
    assertThat(code(decision, SIMULATOR)).isEqualTo(ReasonCode.NAMED_ONLY);
    Candidate cuda = decision.candidates().getLast();
    assertThat(cuda.subject()).isEqualTo("cuda");
    assertThat(cuda.device()).isEmpty();
    assertThat(cuda.reason().orElseThrow().code()).isEqualTo(ReasonCode.DRIVER_MISSING);
    assertThat(decision.candidates())
        .allSatisfy(c -> assertThat(c.outcome() == Outcome.CHOSEN).isEqualTo(c.reason().isEmpty()));
  }

  private static String reason(Decision decision, DeviceInfo device) {
    return candidate(decision, device.uri()).reason().orElseThrow().toString();
  }

  @Test
  void ranks_preferred_kinds_first_but_never_software_before_hardware() {
    Decision decision =
        explain(Selection.any().prefer(DeviceKind.CPU, DeviceKind.ACCELERATOR), everything());
    assertThat(decision.chosen()).contains(CPU);
    assertThat(code(decision, NPU)).isEqualTo(ReasonCode.PREFERENCE);
    assertThat(code(decision, LARGE_GPU)).isEqualTo(ReasonCode.PREFERENCE);

    Decision soft = explain(Selection.any().prefer(DeviceKind.GPU), machine(SOFT_GPU, CPU));
    assertThat(soft.chosen()).contains(CPU);
    assertThat(code(soft, SOFT_GPU)).isEqualTo(ReasonCode.SOFTWARE_DEVICE);
    assertThat(explain(Selection.any(), machine(SOFT_GPU)).chosen()).contains(SOFT_GPU);
  }

  @Test
  void obeys_the_programs_own_order_first() {
    Selection smallest =
        Selection.any().orderedBy(Comparator.comparingLong(DeviceInfo::dedicatedMemory));
    Decision decision = explain(smallest, machine(LARGE_GPU, SMALL_GPU));
    assertThat(decision.chosen()).contains(SMALL_GPU);
    assertThat(reason(decision, LARGE_GPU)).contains("the program's own order");
  }

  @Test
  void restricts_kinds() {
    Decision decision = explain(Selection.any().only(DeviceKind.CPU), everything());
    assertThat(decision.chosen()).contains(CPU);
    assertThat(code(decision, LARGE_GPU)).isEqualTo(ReasonCode.KIND_NOT_ALLOWED);
    assertThat(code(decision, SOFT_GPU)).isEqualTo(ReasonCode.KIND_NOT_ALLOWED);
    assertThat(code(decision, REFERENCE)).isEqualTo(ReasonCode.NAMED_ONLY);
  }

  @Test
  void takes_exactly_the_named_device() {
    Decision decision = explain(Selection.any().on("sim://0"), everything());
    assertThat(decision.chosen()).contains(SIMULATOR);
    assertThat(code(decision, LARGE_GPU)).isEqualTo(ReasonCode.NOT_NAMED);
    Decision contradiction =
        explain(Selection.any().on("sim://0").only(DeviceKind.CPU), everything());
    assertThat(contradiction.chosen()).isEmpty();
    assertThat(code(contradiction, SIMULATOR)).isEqualTo(ReasonCode.KIND_NOT_ALLOWED);
  }

  @Test
  void asks_for_support_in_rank_order() {
    FakeBackend machine = machine(LARGE_GPU, SMALL_GPU, CPU);
    try (Hal hal = open(machine);
        Device device = hal.select(Selection.require(ADD))) {
      assertThat(device.info()).isEqualTo(LARGE_GPU);
      assertThat(machine.opened()).as("no device below the chosen one is opened").isOne();
    }
    Decision decision = explain(Selection.require(ADD).and(CAST), machine(LARGE_GPU, CPU));
    assertThat(decision.chosen()).isEmpty();
    assertThat(decision.candidates())
        .allSatisfy(
            c -> {
              assertThat(c.outcome()).isEqualTo(Outcome.REJECTED);
              assertThat(c.reason().orElseThrow().code()).isEqualTo(ReasonCode.OPERATOR);
              assertThat(c.reason().orElseThrow().detail()).startsWith("cast: only F32 additions");
            });
  }

  @Test
  void goes_on_when_a_device_cannot_be_opened() {
    FakeBackend broken =
        machine(LARGE_GPU)
            .opening(
                info -> {
                  throw new IllegalStateException("status 2");
                });
    DeviceInfo other =
        FakeBackend.device(
            "o://0", "o", DeviceKind.CPU, Evidence.HARDWARE, HostAccess.DIRECT, 0, 0);
    FakeBackend healthy = FakeBackend.of("o", other);
    try (Hal hal = open(broken, healthy)) {
      Decision decision = hal.explain(Selection.require(ADD));
      assertThat(decision.chosen()).contains(other);
      assertThat(code(decision, LARGE_GPU)).isEqualTo(ReasonCode.DRIVER_REFUSED);
      assertThat(reason(decision, LARGE_GPU)).contains("status 2");
      try (Device device = hal.select(Selection.any())) {
        assertThat(device.info()).isEqualTo(other);
      }
      assertFails(ErrorCode.INTERNAL, () -> hal.device("gpu://large"))
          .hasMessageContaining("opening the device failed: IllegalStateException: status 2");
    }
  }

  @Test
  void fails_with_the_decision_table() {
    try (Hal hal = open(machine(CPU), ABSENT)) {
      assertThatThrownBy(() -> hal.select(Selection.require(CAST).only(DeviceKind.GPU)))
          .isInstanceOfSatisfying(
              NoDeviceException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.NO_DEVICE);
                assertThat(e.decision().candidates()).hasSize(2);
              })
          .hasMessageContaining("cpu://simd  KIND_NOT_ALLOWED: its kind is CPU")
          .hasMessageContaining(
              "DRIVER_MISSING: no libcuda.so.1 found (install the vendor's driver)");
    }
  }

  @Test
  void helps_with_unknown_names() {
    try (Hal hal = open(everything(), ABSENT)) {
      assertFails(ErrorCode.UNKNOWN_DEVICE, () -> hal.device("cpu://sind"))
          .hasMessageContaining("there are gpu://", "cpu://simd")
          .hasMessageContaining("did you mean 'cpu://simd'?");
      assertFails(ErrorCode.UNKNOWN_DEVICE, () -> hal.device("cuda://0"))
          .hasMessageContaining("backend cuda: no libcuda.so.1 found")
          .hasMessageContaining("install the vendor's driver")
          .hasMessageNotContaining("did you mean");
      Decision decision = hal.explain(Selection.any().on("gpu://larg"));
      assertThat(decision.chosen()).isEmpty();
      assertThat(decision.candidates().getFirst().subject()).isEqualTo("gpu://larg");
      assertThat(decision.candidates().getFirst().reason().orElseThrow().detail())
          .contains("did you mean 'gpu://large'?");
    }
    try (Hal hal = open()) {
      assertFails(ErrorCode.UNKNOWN_DEVICE, () -> hal.device("cpu://simd"))
          .hasMessageContaining("there are none");
      assertFails(ErrorCode.NO_DEVICE, () -> hal.select(Selection.any()))
          .hasMessageContaining("no backend was found");
    }
  }

  @Test
  void falls_back_only_when_the_policy_says_so() {
    Selection wish = Selection.require(ADD).on("cuda://0");
    try (Hal hal = open(machine(SMALL_GPU, CPU, REFERENCE), ABSENT)) {
      assertFails(ErrorCode.NO_DEVICE, () -> hal.select(wish));
      for (FallbackPolicy policy : List.of(FallbackPolicy.WARN, FallbackPolicy.ALLOW)) {
        Decision decision = hal.explain(wish.fallback(policy));
        Candidate chosen = candidate(decision, "gpu://small");
        assertThat(chosen.outcome()).isEqualTo(Outcome.CHOSEN_AS_FALLBACK);
        assertThat(chosen.reason().orElseThrow().detail())
            .startsWith("fallback: the selection demands cuda://0, which cannot serve:")
            .contains("no libcuda.so.1 found");
        assertThat(decision.chosen()).contains(SMALL_GPU);
        assertThat(candidate(decision, "cpu://simd").outcome()).isEqualTo(Outcome.OUTRANKED);
        assertThat(candidate(decision, "cpu://reference").outcome()).isEqualTo(Outcome.REJECTED);
      }
    }
  }

  @Test
  void falls_back_from_a_kind_and_from_a_device_that_lacks_an_operator() {
    FakeBackend withoutOperators =
        machine(LARGE_GPU, CPU)
            .opening(
                info ->
                    new FakeDevice(HostAccess.COPY, FakeQueue.Execution.IMMEDIATE)
                        .planning(
                            spec ->
                                info.equals(CPU)
                                    ? Plan.runs(
                                        "k", KernelTraits.PLAIN_F32, (queue, args, workspace) -> {})
                                    : Plan.refuses(ReasonCode.OPERATOR, "lacks it")));
    Selection wish = Selection.require(ADD).only(DeviceKind.GPU).fallback(FallbackPolicy.ALLOW);
    try (Hal hal = open(withoutOperators)) {
      Decision decision = hal.explain(wish);
      assertThat(decision.chosen()).contains(CPU);
      assertThat(candidate(decision, "gpu://large").outcome()).isEqualTo(Outcome.REJECTED);
      assertThat(reason(decision, CPU))
          .contains("the selection demands a device of [GPU]", "OPERATOR: add: lacks it");
      assertFails(ErrorCode.NO_DEVICE, () -> hal.select(wish.fallback(FallbackPolicy.FAIL)));
      try (Device device = hal.select(wish)) {
        assertThat(device.info()).isEqualTo(CPU);
      }
    }
  }

  @Test
  void a_backend_that_breaks_while_planning_does_not_stop_the_selection() {
    FakeBackend breaking =
        machine(LARGE_GPU)
            .opening(
                info ->
                    new FakeDevice(HostAccess.COPY, FakeQueue.Execution.IMMEDIATE)
                        .planning(
                            spec -> {
                              throw new IllegalStateException("defect");
                            }));
    Decision decision = explain(Selection.require(ADD), breaking);
    assertThat(decision.chosen()).isEmpty();
    assertThat(reason(decision, LARGE_GPU))
        .contains("planning failed: IllegalStateException: defect");
  }

  @Test
  void a_foreign_hal_takes_no_instruments() {
    Hal foreign =
        (Hal)
            Proxy.newProxyInstance(
                Hal.class.getClassLoader(), new Class<?>[] {Hal.class}, (p, m, a) -> null);
    assertThatThrownBy(() -> Backends.open(foreign, "x://0", Instruments.NONE))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("takes no instruments");
  }
}
