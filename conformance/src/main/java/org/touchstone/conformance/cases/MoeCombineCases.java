package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.api.op.Op;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/** Cases of {@code moe_combine}. */
final class MoeCombineCases implements OperatorCases {
  /** Tokens, columns, slots per token. */
  private static final long[][] UGLY = {
    {1, 3, 1}, {1, 7, 2}, {3, 33, 3}, {17, 129, 4}, {31, 64, 1}, {5, 1025, 8}
  };

  /** Where a token's slots lie among the rows of o. */
  enum Rows {
    /** A permutation of the rows; a few rows belong to nobody. */
    SHUFFLED,
    /** As shuffled, but a slot in six is empty. */
    HOLES,
    /** Every slot of a token takes the same row. */
    SAME,
    /** No slot has a row. */
    NONE
  }

  @Override
  public Set<Op> ops() {
    return Set.of(Op.MOE_COMBINE);
  }

  @Override
  public void generate(CaseSink sink) {
    DType[] types = {DType.F32, DType.BF16};
    for (DataFamily family : DataFamily.values()) {
      for (DType input : types) {
        for (DType output : types) {
          sink.add(of(input, output, UGLY[2], Rows.HOLES, family).level(Level.L1));
          sink.add(of(input, output, UGLY[3], Rows.HOLES, family).level(Level.L1));
          for (long[] size : UGLY) {
            boolean core =
                input == output && (Arrays.equals(size, UGLY[0]) || Arrays.equals(size, UGLY[5]));
            sink.add(
                of(input, output, size, Rows.SHUFFLED, family).level(core ? Level.L1 : Level.L2));
          }
        }
      }
    }
    edges(sink);
    // DeepSeek-V3, Mixtral, Qwen3-Next.
    long[] v3 = {9, 7168, 8};
    sink.add(of(DType.BF16, DType.BF16, v3, Rows.SHUFFLED, DataFamily.RANDOM).level(Level.L1));
    long[] mixtral = {7, 4096, 2};
    sink.add(of(DType.F32, DType.BF16, mixtral, Rows.HOLES, DataFamily.RANDOM).level(Level.L1));
    long[] next = {3, 2048, 10};
    sink.add(of(DType.F32, DType.BF16, next, Rows.HOLES, DataFamily.RANDOM).level(Level.L1));
    long[] large = {512, 7168, 8};
    sink.add(
        of(DType.BF16, DType.BF16, large, Rows.SHUFFLED, DataFamily.RANDOM)
            .level(Level.L3)
            .sampled(64));
  }

  private static void edges(CaseSink sink) {
    DType f32 = DType.F32;
    DType bf16 = DType.BF16;
    DataFamily random = DataFamily.RANDOM;
    sink.add(
        of(bf16, bf16, new long[] {0, 64, 2}, Rows.SHUFFLED, random)
            .level(Level.L1)
            .zeroAnswer("no tokens"));
    sink.add(of(bf16, f32, UGLY[3], Rows.NONE, random).level(Level.L1));
    sink.add(
        of(bf16, f32, UGLY[2], Rows.NONE, random)
            .level(Level.L1)
            .absent("shared")
            .zeroAnswer("no slot has a row and there is no shared expert"));
    for (DType input : new DType[] {f32, bf16}) {
      sink.add(of(input, bf16, UGLY[3], Rows.HOLES, random).level(Level.L1).absent("shared"));
      sink.add(of(input, f32, UGLY[3], Rows.SAME, random).level(Level.L1));
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        sink.add(
            of(input, input, UGLY[3], Rows.HOLES, random).level(Level.L1).placement(placement));
        sink.add(of(input, f32, UGLY[5], Rows.HOLES, random).placement(placement));
      }
    }
    // Rows and weights that no slot refers to are NaN and must not be read into a sum.
    sink.add(
        of(bf16, bf16, UGLY[3], Rows.HOLES, random)
            .label("unused", "nan")
            .level(Level.L1)
            .filler(data -> withUnusedNan(data, random)));
    for (long columns : new long[] {1023, 1024, 2047, 2049}) {
      sink.add(of(bf16, bf16, new long[] {3, columns, 4}, Rows.HOLES, random).level(Level.L1));
    }
  }

  static TestCase.Builder of(DType input, DType output, long[] size, Rows rows, DataFamily family) {
    MoeCombineSpec spec = new MoeCombineSpec(size[1], size[2], input, output);
    TestCase.Builder builder =
        TestCase.of(spec, family)
            .extent("T", size[0])
            .label("h", size[1])
            .label("k", size[2])
            .label("in", input)
            .label("out", output)
            .label("rows", rows.name().toLowerCase(Locale.ROOT))
            .derived("P", size[0] * size[2] + 3)
            .reduction(size[2] + 1)
            .batch("T")
            .filler(data -> fill(data, rows, family))
            .resizable(s -> of(input, output, s, rows, family), "t", "h", "k");
    // Sums of numbers near the largest one must not overflow on the way.
    return family == DataFamily.SATURATING ? builder.absent("shared") : builder;
  }

  private static void fill(InputData data, Rows rows, DataFamily family) {
    positions(data, rows);
    long topK = data.shape("weights").dim(1);
    switch (family) {
      case EXACT_INTEGER -> {
        CounterRandom random = data.random("weights");
        data.values(
            "weights",
            i -> Math.scalb(random.bits(~i) < 0 ? -1.0 : 1.0, (int) random.below(i, 4) - 2));
      }
      case SATURATING -> data.uniform("weights", 0.5 / topK, 1.0 / topK);
      case SUBNORMAL, STRUCTURED -> data.uniform("weights", 0.25, 1);
      case RANDOM -> data.normal("weights", 0, 1);
    }
  }

  private static void positions(InputData data, Rows rows) {
    CounterRandom random = data.random("positions");
    long topK = data.shape("positions").dim(1);
    int[] order = random.permutation((int) data.extent("P"));
    data.integers(
        "positions",
        i ->
            switch (rows) {
              case SHUFFLED -> order[(int) i];
              case HOLES -> i > 0 && random.below(~i, 6) == 0 ? -1 : order[(int) i];
              case SAME -> order[(int) (i / topK * topK)];
              case NONE -> -1;
            });
  }

  private static void withUnusedNan(InputData data, DataFamily family) {
    fill(data, Rows.HOLES, family);
    data.floats("o");
    long[] positions = HostTensors.codes(data.tensor("positions"));
    boolean[] used = new boolean[(int) data.extent("P")];
    for (long position : positions) {
      if (position >= 0) {
        used[(int) position] = true;
      }
    }
    double[] o = HostTensors.doubles(data.tensor("o"));
    long columns = data.shape("o").dim(1);
    data.values("o", i -> used[(int) (i / columns)] ? o[(int) i] : Double.NaN);
    double[] weights = HostTensors.doubles(data.tensor("weights"));
    data.values("weights", i -> positions[(int) i] < 0 ? Double.NaN : weights[(int) i]);
  }
}
