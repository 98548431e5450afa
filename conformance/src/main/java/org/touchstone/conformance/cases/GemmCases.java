package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.data.InputData;

/** Cases of the dense matrix products: every operand type, output type and flag, ugly sizes. */
final class GemmCases implements OperatorCases {
  /** M, N, K around tiles, blocks of 128 and primes. */
  private static final long[][] SIZES = {
    {1, 1, 1}, {1, 7, 129}, {3, 65, 64}, {5, 129, 127}, {17, 33, 257}, {33, 130, 192}, {64, 64, 128}
  };

  private static final long[][] LARGER = {
    {2, 128, 1407}, {7, 255, 576}, {31, 127, 640}, {65, 131, 384}, {129, 64, 2880}
  };

  @Override
  public Set<Op> ops() {
    return Arrays.stream(GemmOperands.values()).map(GemmOperands::op).collect(Collectors.toSet());
  }

  @Override
  public void generate(CaseSink sink) {
    for (GemmOperands operands : GemmOperands.values()) {
      for (DType output : new DType[] {DType.F32, DType.BF16}) {
        for (DataFamily family : DataFamily.values()) {
          for (long[] size : SIZES) {
            boolean core = output == DType.BF16 || family == DataFamily.RANDOM;
            GemmSpec spec = GemmSpec.of(operands, size[1], size[2], output);
            sink.add(of(spec, size[0], family).level(core ? Level.L1 : Level.L2));
          }
          for (long[] size : LARGER) {
            sink.add(of(GemmSpec.of(operands, size[1], size[2], output), size[0], family));
          }
        }
      }
      flags(sink, operands);
      longReduction(sink, operands);
    }
    models(sink);
  }

  private static void flags(CaseSink sink, GemmOperands operands) {
    GemmSpec plain = GemmSpec.of(operands, 33, 129, DType.F32);
    for (DataFamily family : new DataFamily[] {DataFamily.RANDOM, DataFamily.EXACT_INTEGER}) {
      sink.add(of(plain.withBias(), 9, family).level(Level.L1));
      sink.add(of(plain.addingToC(), 9, family).level(Level.L1));
      sink.add(of(plain.withBias().addingToC(), 9, family).level(Level.L1));
    }
    DataFamily random = DataFamily.RANDOM;
    sink.add(of(plain, 0, random).level(Level.L1).zeroAnswer("no rows"));
    sink.add(
        of(GemmSpec.of(operands, 5, 0, DType.F32), 3, random)
            .level(Level.L1)
            .zeroAnswer("a sum of no products is zero"));
    sink.add(of(GemmSpec.of(operands, 5, 0, DType.F32).withBias(), 3, random).level(Level.L1));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(of(plain, 9, random).placement(placement).level(Level.L1));
    }
    // Many rows, none of which starts where the one before is well aligned.
    sink.add(of(GemmSpec.of(operands, 70, 129, DType.BF16), 40, random).level(Level.L1));
    sink.add(of(plain, 9, random).packed(plain::withWeightLayout, "b").level(Level.L1));
    if (operands.scaled()) {
      sink.add(
          of(plain, 4, DataFamily.STRUCTURED)
              .label("data", "nan-row")
              .filler(
                  data -> {
                    fill(data);
                    data.fill("a", i -> i == 129 + 7 ? 0x7F : 0x30 + i % 16);
                  })
              .level(Level.L1));
    }
  }

  /** A long sum shows an accumulator that is narrower than declared, or promoted too seldom. */
  private static void longReduction(CaseSink sink, GemmOperands operands) {
    GemmSpec spec = GemmSpec.of(operands, 24, 8192, DType.F32);
    sink.add(of(spec, 8, DataFamily.RANDOM).level(Level.L1));
    sink.add(of(spec, 8, DataFamily.STRUCTURED));
    sink.add(of(spec, 8, DataFamily.SUBNORMAL));
    if (operands.scaled()) {
      // Numbers of one sign, with the reduction of DeepSeek-V3: what is cut off a sum adds up.
      sink.add(
          of(GemmSpec.of(operands, 16, 7168, DType.F32), 2, DataFamily.STRUCTURED)
              .label("data", "one-sign")
              .filler(
                  data -> {
                    fill(data);
                    data.fill("a", i -> oneToFifteen(i + 1));
                    data.fill("b", i -> oneToFifteen(~i));
                  })
              .level(Level.L1));
    }
  }

  /** Returns a code of E4M3 from 1 to 15. */
  private static long oneToFifteen(long i) {
    return 0x38 + ((i * 0x9E3779B97F4A7C15L) >>> 59);
  }

  /** Layers of released models, sampled. */
  private static void models(CaseSink sink) {
    DataFamily random = DataFamily.RANDOM;
    DType bf16 = DType.BF16;
    // DeepSeek-V3: kv_a 576 x 7168, q_a 1536 x 7168
    for (GemmOperands operands : new GemmOperands[] {GemmOperands.FP8_BLOCK, GemmOperands.BF16}) {
      sink.add(of(GemmSpec.of(operands, 576, 7168, bf16), 1, random).sampled(256).level(Level.L1));
      sink.add(of(GemmSpec.of(operands, 1536, 7168, bf16), 33, random).sampled(96));
    }
    // gpt-oss: 2880 is 22.5 blocks of 128
    sink.add(of(GemmSpec.of(GemmOperands.FP8_CHANNEL, 640, 2880, bf16), 2, random).level(Level.L1));
    sink.add(of(GemmSpec.of(GemmOperands.FP8_TENSOR, 640, 2880, bf16), 2, random).level(Level.L1));
    // router of DeepSeek-V3
    sink.add(of(GemmSpec.of(GemmOperands.F32, 256, 7168, DType.F32), 3, random).level(Level.L1));
    // an expert of DeepSeek-V3
    sink.add(
        of(GemmSpec.of(GemmOperands.FP8_BLOCK, 2048, 7168, bf16), 129, random)
            .sampled(64)
            .level(Level.L3));
  }

  static TestCase.Builder of(GemmSpec spec, long rows, DataFamily family) {
    return TestCase.of(spec, family)
        .extent("M", rows)
        .label("n", spec.n())
        .label("k", spec.k())
        .label("out", spec.output())
        .label("bias", spec.bias())
        .label("c", spec.accumulation())
        .reduction(spec.k() + 2)
        .batch("M")
        .filler(GemmCases::fill)
        .resizable(s -> of(sized(spec, s[1], s[2]), s[0], family), "m", "n", "k");
  }

  private static GemmSpec sized(GemmSpec s, long n, long k) {
    return new GemmSpec(
        s.operands(), n, k, s.output(), s.bias(), s.accumulation(), s.weightLayout(), s.numerics());
  }

  private static void fill(InputData data) {
    OperandFill.fill(data);
    if (data.has("bias")) {
      data.floats("bias");
    }
  }
}
