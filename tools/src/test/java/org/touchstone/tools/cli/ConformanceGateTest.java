package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.op.Op;
import tools.jackson.databind.JsonNode;

/** The suite on the devices that every machine has: what a release stands on. */
class ConformanceGateTest {
  /** Core shapes by default, every case in the long tier. */
  private static String level() {
    return "full".equals(System.getenv("TOUCHSTONE_TEST_TIER")) ? "L2" : "L1";
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu://simd", "cpu://reference"})
  void everyCasePasses(String device) {
    Invocation run =
        Invocation.of("conformance", "--device", device, "--level", level(), "--format", "json");

    JsonNode report = run.json();
    JsonNode counters = report.path("summary").path("devices").path(device);
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(counters.path("cases").asInt()).isGreaterThan(1000);
    assertThat(counters.path("pass").asInt())
        .as("passed cases of %s", counters)
        .isEqualTo(counters.path("cases").asInt());
    assertThat(
            StreamSupport.stream(report.path("results").spliterator(), false)
                .map(row -> row.path("op").asString()))
        .as("operators that ran")
        .containsAll(Arrays.stream(Op.values()).map(Op::opName).toList());
  }

  @Test
  void everySeededDefectIsCaught() {
    Invocation run =
        Invocation.of("conformance", "--device", "cpu://simd", "--prove", "--format", "json");

    JsonNode mutants = run.json().path("mutants");
    assertThat(mutants.path("survivors")).as("defects that nothing caught").isEmpty();
    assertThat(mutants.path("total").asInt()).isGreaterThan(200);
    assertThat(mutants.path("killed").asInt()).isEqualTo(mutants.path("total").asInt());
    assertThat(mutants.path("matrix"))
        .allSatisfy(m -> assertThat(m.path("killer").isNull()).isFalse());
    assertThat(run.exit()).isZero();
  }
}
