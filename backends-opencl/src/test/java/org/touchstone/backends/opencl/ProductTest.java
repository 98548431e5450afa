package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Layout;
import org.touchstone.api.Receipt;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;

class ProductTest {
  private static double[] numbers(long count, int step) {
    return IntStream.range(0, (int) count).mapToDouble(i -> i * step % 37 / 4.0 - 4).toArray();
  }

  /** Every finite value of E4M3FN in turn, both zeros, and a NaN here and there. */
  private static double[] codes(long count) {
    double[] values = new double[(int) count];
    for (int i = 0; i < values.length; i++) {
      int code = i * 7 % 256;
      int field = code >> 3 & 15;
      double magnitude =
          field == 0 ? (code & 7) * 0x1p-9 : (8 + (code & 7)) * Math.pow(2, field - 10);
      double value = (code & 127) == 127 ? Double.NaN : magnitude;
      values[i] = code > 127 ? -value : value;
    }
    return values;
  }

  private static Tensor pack(DeviceRun run, Tensor weight, GemmSpec spec) {
    Layout layout = run.device().prepare(spec).preferredLayout("b");
    assertThat(layout.plain()).isFalse();
    return run.device().pack(weight, layout);
  }

  @ParameterizedTest
  @EnumSource(
      value = GemmOperands.class,
      names = {"F32", "BF16", "FP8_BLOCK"})
  void packs_and_unpacks_every_bit(GemmOperands operands) {
    try (DeviceRun run = new DeviceRun(Variant.CPU)) {
      GemmSpec spec = GemmSpec.of(operands, 65, 19, DType.F32);
      for (long[] shape : new long[][] {{65, 19}, {131, 67}, {3, 65, 19}, {2, 1, 130}}) {
        long count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        double[] values = operands.scaled() ? codes(count) : numbers(count, 11);
        Tensor plain = run.tensor(operands.dtype(), shape, values);
        Tensor packed = pack(run, plain, spec);
        Tensor back = run.device().unpack(packed);
        try (var panels = packed.buffer();
            var dense = back.buffer()) {
          assertThat(panels.bytes()).isGreaterThanOrEqualTo(dense.bytes());
          assertThat(run.codes(back)).isEqualTo(run.codes(plain));
        }
      }
    }
  }

  @Test
  void marks_only_the_column_of_a_weight_that_holds_nan() {
    try (DeviceRun run = new DeviceRun(Variant.CPU)) {
      int n = 70;
      int k = 40;
      GemmSpec spec = GemmSpec.of(GemmOperands.FP8_TENSOR, n, k, DType.F32);
      double[] values = new double[n * k];
      Arrays.fill(values, 0.5);
      values[66 * k + 39] = Double.NaN;
      Tensor b = pack(run, run.tensor(DType.E4M3FN, new long[] {n, k}, values), spec);
      double[] ones = new double[k];
      Arrays.fill(ones, 1);
      Tensor c = run.tensor(DType.F32, new long[] {1, n});
      run.run(
          spec.withWeightLayout(b.layout()),
          GemmArgs.scaled(
              run.tensor(DType.E4M3FN, new long[] {1, k}, ones),
              run.tensor(DType.F32, new long[] {1}, 1),
              b,
              run.tensor(DType.F32, new long[] {1}, 1),
              c));
      double[] expected = new double[n];
      Arrays.fill(expected, 20);
      expected[66] = Double.NaN;
      assertThat(run.values(c)).isEqualTo(expected);
      b.buffer().close();
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void gives_a_row_the_same_bits_alone_and_among_others(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      int rows = 101;
      int n = 130;
      int k = 300;
      for (boolean packed : variant == Variant.CPU ? new boolean[] {false, true} : new boolean[1]) {
        GemmSpec spec = GemmSpec.of(GemmOperands.F32, n, k, DType.F32);
        Tensor a = run.tensor(DType.F32, new long[] {rows, k}, numbers(rows * (long) k, 13));
        Tensor plain = run.tensor(DType.F32, new long[] {n, k}, numbers(n * (long) k, 29));
        Tensor b = packed ? pack(run, plain, spec) : plain;
        spec = spec.withWeightLayout(b.layout());
        Tensor all = run.tensor(DType.F32, new long[] {rows, n});
        Receipt receipt = run.run(spec, GemmArgs.of(a, b, all));
        assertThat(receipt.kernel())
            .isEqualTo("gemm_fp32." + variant.suffix() + (packed ? ".packed" : ""));
        for (long row : new long[] {0, 7, 95, 96, 100}) {
          Tensor one = run.tensor(DType.F32, new long[] {1, n});
          run.run(spec, GemmArgs.of(a.slice(0, row, row + 1), b, one));
          assertThat(run.codes(one)).isEqualTo(run.codes(all.slice(0, row, row + 1)));
        }
        if (packed) {
          b.buffer().close();
        }
      }
    }
  }
}
