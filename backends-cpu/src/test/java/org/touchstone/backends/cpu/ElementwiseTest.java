package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.EmbeddingArgs;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** {@code add} and {@code embedding} on both CPU devices. */
class ElementwiseTest {
  private static final long SEED = 20_251_104;
  private static final CpuRun SIMD = CpuRun.simd(2);
  private static final DType[] TYPES = {DType.F32, DType.BF16};

  private final TestTensors tensors = new TestTensors(SEED);

  @AfterEach
  void free() {
    tensors.close();
  }

  static Stream<CpuRun> devices() {
    return Stream.of(SIMD, CpuRun.reference());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "0,5", "7", "31,33", "3,5,17", "2,3,4,1", "3,2049", "9001"})
  void sumsOfEveryShapeAndTypeStayWithinTheirBound(String shape) {
    long[] dims =
        shape.isEmpty()
            ? new long[0]
            : Arrays.stream(shape.split(",")).mapToLong(Long::parseLong).toArray();
    for (DType left : TYPES) {
      for (DType right : TYPES) {
        for (DType output : TYPES) {
          AddSpec spec = new AddSpec(left, right, output);
          Tensor a = tensors.normal(left, dims);
          Tensor b = tensors.normal(right, dims);
          Tensor y = tensors.empty(output, dims);
          assertThat(SIMD.violations(spec, new AddArgs(a, b, y), Regime.RANDOM))
              .as("seed %d, %s", SEED, spec)
              .isEmpty();
          if (dims.length > 0) {
            Tensor spread = tensors.spread(y);
            SIMD.launch(spec, new AddArgs(tensors.spread(a), tensors.spread(b), spread));
            assertThat(HostTensors.codes(spread)).isEqualTo(HostTensors.codes(y));
          }
          if (left == output) {
            SIMD.launch(spec, new AddArgs(a, b, a));
            assertThat(HostTensors.codes(a)).isEqualTo(HostTensors.codes(y));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void sumsRoundOnceToNearestEven(CpuRun device) {
    double[] a = {1, 1, 3.3895314e38, Double.POSITIVE_INFINITY, Double.NaN, -0.0, 1e-40};
    double[] b = {0.00390625, 0.01171875, 3e38, Double.NEGATIVE_INFINITY, 1, -0.0, 1e-40};
    Tensor y = tensors.empty(DType.BF16, 7);
    device.launch(
        new AddSpec(DType.F32, DType.F32, DType.BF16),
        new AddArgs(tensors.of(DType.F32, a, 7), tensors.of(DType.F32, b, 7), y));
    assertThat(HostTensors.codes(y))
        .containsExactly(0x3F80, 0x3F82, 0x7F80, 0x7FC0, 0x7FC0, 0x8000, 0x0002);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void embeddingGathersRowsAndMarksIdsOutside(CpuRun device) {
    for (DType table : TYPES) {
      for (DType output : TYPES) {
        for (float scale : new float[] {1f, 13.875f}) {
          for (int hidden : new int[] {1, 33, 2100}) {
            EmbeddingSpec spec = new EmbeddingSpec(11, hidden, table, output, scale);
            Tensor ids = tensors.integers(DType.I32, new long[] {3, 10, -1, 0, 11, -2, 3}, 7);
            Tensor rows = tensors.normal(table, 11, hidden);
            Tensor y = tensors.empty(output, 7, hidden);
            assertThat(device.violations(spec, new EmbeddingArgs(ids, rows, y), Regime.RANDOM))
                .as("seed %d, %s", SEED, spec)
                .isEmpty();
            assertThat(HostTensors.doubles(y.slice(0, 2, 3))).containsOnly(0);
            assertThat(HostTensors.doubles(y.slice(0, 4, 6))).containsOnly(Double.NaN);
            assertThat(HostTensors.codes(y.slice(0, 0, 1)))
                .isEqualTo(HostTensors.codes(y.slice(0, 6, 7)));
          }
        }
      }
    }
  }

  @Test
  void embeddingWritesRowsOfALargerTensor() {
    EmbeddingSpec spec = new EmbeddingSpec(5, 40, DType.BF16, DType.BF16, 1f);
    Tensor ids = tensors.integers(DType.I32, new long[] {4, 4, 0}, 3);
    Tensor rows = tensors.normal(DType.BF16, 5, 40);
    Tensor y = tensors.empty(DType.BF16, 3, 40);
    SIMD.launch(spec, new EmbeddingArgs(ids, rows, y));
    Tensor spread = tensors.spread(y);
    SIMD.launch(spec, new EmbeddingArgs(ids, tensors.spread(rows), spread));
    assertThat(HostTensors.codes(spread)).isEqualTo(HostTensors.codes(y));
    assertThat(HostTensors.codes(y.slice(0, 0, 1)))
        .isEqualTo(HostTensors.codes(rows.slice(0, 4, 5)));
  }
}
