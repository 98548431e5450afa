package org.touchstone.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.api.Failing.assertFails;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.touchstone.api.Decision.Candidate;
import org.touchstone.api.Decision.Outcome;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.CastSpec;

class DecisionTest {
  private static final Reason LOWER = Reason.of(ReasonCode.RANKED_LOWER, "slower");
  private static final DeviceInfo DEVICE = device("cpu://simd");

  private static DeviceInfo device(String uri) {
    return new DeviceInfo(
        uri,
        "cpu",
        "a processor",
        DeviceKind.CPU,
        Evidence.HARDWARE,
        Eligibility.AUTOMATIC,
        HostAccess.DIRECT,
        0,
        64,
        0,
        Optional.empty(),
        Map.of("b", "2", "a", "1"));
  }

  private static Candidate candidate(String subject, Outcome outcome, Optional<Reason> reason) {
    return new Candidate(subject, Optional.of(DEVICE), outcome, reason);
  }

  @Test
  void renders_one_aligned_line_per_candidate() {
    Decision decision =
        new Decision(
            List.of(
                candidate("cpu://simd", Outcome.CHOSEN, Optional.empty()),
                candidate("cpu://reference", Outcome.OUTRANKED, Optional.of(LOWER))));
    assertThat(decision.table())
        .isEqualTo(
            """
              CHOSEN              cpu://simd    \s
              OUTRANKED           cpu://reference  RANKED_LOWER: slower (name it by its URI)\
            """);
    assertThat(decision.chosen()).contains(DEVICE);
    assertThat(new Decision(List.of()).table()).contains("no backend was found");
    assertThat(new Decision(List.of()).chosen()).isEmpty();
    assertThat(new NoDeviceException(decision)).hasMessageContaining("OUTRANKED");
  }

  @Test
  void wants_a_reason_for_everything_but_a_choice() {
    for (Outcome outcome :
        List.of(Outcome.CHOSEN_AS_FALLBACK, Outcome.OUTRANKED, Outcome.REJECTED)) {
      assertFails(ErrorCode.INTERNAL, () -> candidate("x", outcome, Optional.empty()))
          .hasMessageContaining("x is " + outcome + " without a reason");
      assertThat(candidate("x", outcome, Optional.of(LOWER)).reason()).contains(LOWER);
    }
    assertFails(ErrorCode.INTERNAL, () -> Reason.of(ReasonCode.KIND_NOT_ALLOWED, " "));
    assertFails(ErrorCode.INTERNAL, () -> Reason.of(ReasonCode.KIND_NOT_ALLOWED, "x", ""));
    for (ReasonCode code : ReasonCode.values()) {
      assertThat(code.meaning()).isNotBlank();
      assertThat(Reason.of(code, "x").remedy()).isEqualTo(code.remedy()).isNotBlank();
    }
  }

  @Test
  void selections_are_values() {
    AddSpec add = AddSpec.of(DType.F32);
    CastSpec cast = CastSpec.of(DType.F32, DType.BF16);
    Selection base = Selection.require(add);
    Selection changed =
        base.and(cast)
            .prefer(DeviceKind.CPU, DeviceKind.GPU)
            .only(DeviceKind.CPU)
            .on("cpu://simd")
            .fallback(FallbackPolicy.WARN)
            .orderedBy(Comparator.comparing(DeviceInfo::uri));
    assertThat(changed.required()).containsExactly(add, cast);
    assertThat(changed.preferred()).containsExactly(DeviceKind.CPU, DeviceKind.GPU);
    assertThat(changed.allowed()).containsExactly(DeviceKind.CPU);
    assertThat(changed.uri()).contains("cpu://simd");
    assertThat(changed.fallback()).isEqualTo(FallbackPolicy.WARN);
    assertThat(changed.order()).isPresent();
    assertThat(base.required()).containsExactly(add);
    assertThat(base.preferred()).isEmpty();
    assertThat(base.allowed()).containsExactlyInAnyOrder(DeviceKind.values());
    assertThat(base.uri()).isEmpty();
    assertThat(base.fallback()).isEqualTo(FallbackPolicy.FAIL);
    assertThat(base.order()).isEmpty();
    assertThat(Selection.any().required()).isEmpty();
  }

  @Test
  void devices_have_legal_names_and_sorted_facts() {
    assertThat(DEVICE.properties().keySet()).containsExactly("a", "b");
    assertThat(DEVICE.memory()).isEqualTo(64);
    for (String wrong : List.of("", "cpu", "CPU://x", "cpu://", "cpu://a b", "://x")) {
      assertFails(ErrorCode.INTERNAL, () -> device(wrong)).hasMessageContaining("device uri");
    }
    for (String right : List.of("cpu://simd", "opencl://pocl/0", "cuda-sim://sm_90")) {
      assertThat(device(right).uri()).isEqualTo(right);
    }
  }

  @Test
  void failures_say_what_where_and_what_next() {
    IOException cause = new IOException("disk");
    HalException bare =
        new HalException(ErrorCode.NATIVE_FAILURE, "status -5", null, null, "retry", cause);
    assertThat(bare).hasMessage("status -5 [NATIVE_FAILURE]; retry").hasCause(cause);
    HalException located = bare.at("gemm_bf16", "cuda://0");
    assertThat(located)
        .hasMessage("gemm_bf16: status -5 (device cuda://0) [NATIVE_FAILURE]; retry")
        .hasCause(cause);
    assertThat(located.operator()).contains("gemm_bf16");
    assertThat(located.device()).contains("cuda://0");
    assertThat(located.remedy()).contains("retry");
    assertThat(located.getStackTrace()).isEqualTo(bare.getStackTrace());
    assertThat(located.at("other", "cpu://simd")).isSameAs(located);
    assertThat(bare.at(null, null)).isSameAs(bare);
    UnsupportedException typed = new UnsupportedException(LOWER, "add", "cpu://simd");
    assertThat(typed.at("x", "y")).isSameAs(typed);
  }
}
