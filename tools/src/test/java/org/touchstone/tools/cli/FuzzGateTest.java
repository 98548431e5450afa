package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A few random cases at every build, the same ones each time; more in the long tier. */
class FuzzGateTest {
  private static String cases() {
    return "full".equals(System.getenv("TOUCHSTONE_TEST_TIER")) ? "5000" : "250";
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu://simd", "cpu://reference"})
  void randomCasesPass(String device) {
    Invocation run =
        Invocation.of(
            "fuzz", "--device", device, "--seed", "2026", "--cases", cases(), "--format", "json");
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.err()).contains("random cases of seed 2026");
    assertThat(run.json().path("summary").path("total").path("pass").asInt())
        .isGreaterThan(Integer.parseInt(cases()) / 2);
  }

  @Test
  void budgetsAreTakenFromTheCommandLine() {
    Invocation none =
        Invocation.of(
            "conformance",
            "--device=cpu://reference",
            "--op=add",
            "--time-budget=0",
            "--skip-budget=3");
    assertThat(none.exit()).as(none.err()).isNotZero();
    assertThat(none.out()).contains("the budget allows 3");
    Invocation fuzz =
        Invocation.of("fuzz", "--device=cpu://reference", "--op=add", "--time-budget=1");
    assertThat(fuzz.exit()).as(fuzz.err()).isZero();
  }
}
