package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Evidence;
import org.touchstone.api.Receipt;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.api.op.MoePermuteArgs;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.RopeScaling;
import org.touchstone.api.op.SampleArgs;
import org.touchstone.api.op.SampleSpec;

/** Vectors with known results on both variants. */
class GoldenTest {
  @ParameterizedTest
  @EnumSource(Variant.class)
  void add_tells_what_ran(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      double[] a = IntStream.range(0, 5 * 67).mapToDouble(i -> i).toArray();
      Tensor x = run.tensor(DType.F32, new long[] {5, 67}, a);
      Tensor y = run.tensor(DType.F32, new long[] {5, 67});
      Receipt receipt = run.run(AddSpec.of(DType.F32), new AddArgs(x, x, y));
      assertThat(run.values(y)).isEqualTo(Arrays.stream(a).map(v -> 2 * v).toArray());
      assertThat(receipt.kernel()).isEqualTo("add." + variant.suffix());
      assertThat(receipt.device()).isEqualTo(Pocl.URI);
      assertThat(receipt.evidence()).isEqualTo(Evidence.SOFTWARE);
      assertThat(receipt.deviceTime()).isPresent();
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void rms_norm(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      Tensor x = run.tensor(DType.F32, new long[] {1, 4}, 1, -2, 3, -4);
      Tensor w = run.tensor(DType.F32, new long[] {4}, .5, 1, 1.5, 2);
      Tensor y = run.tensor(DType.F32, new long[] {1, 4});
      RmsNormSpec spec =
          new RmsNormSpec(RmsNormVariant.ONE_PLUS_W, 4, 1e-6f, DType.F32, DType.F32, DType.F32);
      run.run(spec, new RmsNormArgs(x, w, null, y));
      assertThat(run.values(y))
          .containsExactly(
              new double[] {.54772252, -1.46059339, 2.7386126, -4.38178017}, offset(5e-7));
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void gated_act(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      Tensor h = run.tensor(DType.F32, new long[] {1, 6}, 1, 1, 8, -9, 12, 12);
      Tensor a = run.tensor(DType.F32, new long[] {1, 3});
      run.run(
          new GatedActSpec(Activation.SWIGLU_OAI, 3, DType.F32, DType.F32), new GatedActArgs(h, a));
      assertThat(run.values(a))
          .containsExactly(new double[] {1.6915915, -41.99972, 55.99963}, offset(1e-5));
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void rope(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      Tensor positions = run.tensor(DType.I32, new long[] {2}, 3, Integer.MAX_VALUE);
      Tensor cos = run.tensor(DType.F32, new long[] {2, 2});
      Tensor sin = run.tensor(DType.F32, new long[] {2, 2});
      run.run(
          new RopeFreqsSpec(4, 1e4, new RopeScaling.None()),
          new RopeFreqsArgs(positions, cos, sin));
      double far = Integer.MAX_VALUE;
      assertThat(run.values(cos))
          .containsExactly(
              new double[] {Math.cos(3), Math.cos(.03), Math.cos(far), Math.cos(far / 100)},
              offset(3e-7));
      Tensor x = run.tensor(DType.F32, new long[] {1, 1, 4}, 1, 2, 3, 4);
      Tensor y = run.tensor(DType.F32, new long[] {1, 1, 4});
      run.run(
          RopeApplySpec.of(DType.F32, 1, 4, 4, Pairing.NEOX),
          new RopeApplyArgs(x, cos.slice(0, 0, 1), sin.slice(0, 0, 1), y));
      assertThat(run.values(y))
          .containsExactly(
              new double[] {-1.41335252, 1.87911807, -2.82885748, 4.05819114}, offset(1e-6));
      run.run(
          RopeApplySpec.of(DType.F32, 1, 4, 4, Pairing.GPTJ),
          new RopeApplyArgs(x, cos.slice(0, 0, 1), sin.slice(0, 0, 1), x));
      assertThat(run.values(x))
          .containsExactly(
              new double[] {-1.27223251, -1.83886499, 2.8786681, 4.08818664}, offset(1e-6));
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void quantize_fp8_group(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      Tensor x = run.tensor(DType.F32, new long[] {1, 6}, 0.1, -0.25, 3.0, 1e-5, 0, -1.7);
      Tensor q = run.tensor(DType.E4M3FN, new long[] {1, 6});
      Tensor scale = run.tensor(DType.F32, new long[] {1, 1});
      run.run(QuantizeFp8GroupSpec.of(DType.F32, 6), new QuantizeFp8GroupArgs(x, q, scale));
      assertThat(run.codes(q)).containsExactly(0x57, 0xE1, 0x7E, 0x01, 0x00, 0xF8);
      assertThat(Float.floatToIntBits((float) run.values(scale)[0])).isEqualTo(0x3BDB6DB7);
      Tensor power = run.tensor(DType.E8M0, new long[] {1, 1});
      run.run(
          new QuantizeFp8GroupSpec(DType.F32, 6, 128, ScaleMode.UE8M0_CEIL, DType.E8M0, 1e-4f),
          new QuantizeFp8GroupArgs(x, q, power));
      assertThat(run.codes(q)).containsExactly(0x55, 0xE0, 0x7C, 0x01, 0x00, 0xF6);
      assertThat(run.codes(power)).containsExactly(120);
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void moe_route_and_permute(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      Tensor logits =
          run.tensor(
              DType.F32,
              new long[] {1, 16},
              3,
              -4,
              -4,
              -4,
              1,
              1.2,
              -1,
              0,
              .9,
              .8,
              .7,
              -3,
              1.1,
              -2,
              -2,
              -2);
      Tensor bias = run.tensor(DType.F32, new long[] {16}, new double[16]);
      Tensor indices = run.tensor(DType.I32, new long[] {1, 3});
      Tensor weights = run.tensor(DType.F32, new long[] {1, 3});
      Tensor diagnostics = run.tensor(DType.I32, new long[] {1}, 84);
      run.run(
          MoeRouteSpec.deepseekV3(16, 3, 4, 2, 2.5f),
          new MoeRouteArgs(logits, bias, null, indices, weights, diagnostics));
      assertThat(run.codes(indices)).containsExactly(5, 4, 8);
      assertThat(run.values(weights))
          .containsExactly(new double[] {.869162359, .826789991, .804047651}, offset(1e-6));
      assertThat(run.codes(diagnostics)).containsExactly(0);

      Tensor chosen = run.tensor(DType.I32, new long[] {3, 2}, 1, 0, -1, 1, 1, 3);
      Tensor sorted = run.tensor(DType.I32, new long[] {6});
      Tensor offsets = run.tensor(DType.I32, new long[] {5});
      Tensor positions = run.tensor(DType.I32, new long[] {3, 2});
      run.run(new MoePermuteSpec(4, 2), new MoePermuteArgs(chosen, sorted, offsets, positions));
      assertThat(run.codes(sorted)).containsExactly(1, 0, 3, 4, 5, -1);
      assertThat(run.codes(offsets)).containsExactly(0, 1, 4, 4, 5);
    }
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void sample(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      // Weights 1, 2, 4, 8 and a token that top-p drops.
      double ln2 = Math.log(2);
      double[] row = {0, ln2, 2 * ln2, 3 * ln2, -20};
      Tensor logits =
          run.tensor(
              DType.F32,
              new long[] {4, 5},
              IntStream.range(0, 20).mapToDouble(i -> row[i % 5]).toArray());
      Tensor uniform = run.tensor(DType.F32, new long[] {4}, 0, .1, .3, .999);
      Tensor ids = run.tensor(DType.I32, new long[] {4});
      run.run(new SampleSpec(5, 1, 0, .999f, 0), new SampleArgs(logits, uniform, ids));
      assertThat(run.codes(ids)).containsExactly(0, 1, 2, 3);
      run.run(new SampleSpec(5, 1, 2, 1, 0), new SampleArgs(logits, uniform, ids));
      assertThat(run.codes(ids)).containsExactly(2, 2, 2, 3);
      run.run(SampleSpec.argmax(5), new SampleArgs(logits, null, ids));
      assertThat(run.codes(ids)).containsExactly(3, 3, 3, 3);
    }
  }
}
