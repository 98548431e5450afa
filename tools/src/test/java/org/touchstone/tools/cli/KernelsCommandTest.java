package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class KernelsCommandTest {
  private static final String DEVICE = Needed.POCL;

  @Test
  void saysWhatEveryKernelOfAnOperatorTakes() {
    Needed.pocl();
    Invocation run =
        Invocation.of(
            "kernels",
            "--device",
            DEVICE,
            "--op",
            "gemm_fp8_block",
            "--op",
            "moe_route",
            "--format",
            "json");
    assertThat(run.exit()).as(run.err()).isZero();
    List<JsonNode> rows =
        StreamSupport.stream(run.json().path("kernels").spliterator(), false).toList();
    assertThat(rows.stream().map(row -> row.path("function").asString()))
        .containsExactly("product", "moe_route_reset", "moe_route");
    for (JsonNode row : rows) {
      assertThat(row.path("launches").asInt()).isPositive();
      assertThat(row.path("groups").asLong()).isPositive();
      assertThat(row.path("group_size").asLong()).isBetween(1L, row.path("largest_group").asLong());
      assertThat(row.path("bytes_per_output").asDouble()).isPositive();
    }
    JsonNode product = rows.getFirst();
    assertThat(product.path("source").asString()).isEqualTo("product.cl");
    assertThat(product.path("kernel").asString()).startsWith("gemm_fp8_block.cpu");
    // A tile of 96 rows: A, 32 columns of B, their sums, scales; all of FP32.
    assertThat(product.path("local_bytes").asLong())
        .isLessThanOrEqualTo(4L * (96 * 128 + 32 * 128 + 96 * 32 + 96));
    assertThat(product.path("operations_per_output").asDouble()).isGreaterThan(1000);
  }

  @Test
  void theTextNamesFunctionsAndMistakesAreUsage() {
    Needed.pocl();
    assertThat(Invocation.of("kernels", "--device", DEVICE, "--op", "add").out())
        .contains("add.cpu", "bytes/output");
    assertThat(Invocation.of("kernels", "--device", DEVICE, "--op", "gemn").exit()).isEqualTo(2);
    assertThat(Invocation.of("kernels", "--device", "cpu://reference").exit()).isEqualTo(2);
    assertThat(Invocation.of("kernels", "--device", "opencl://pocl/9").exit()).isEqualTo(3);
  }
}
