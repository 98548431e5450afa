package org.touchstone.conformance.cases;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.api.op.Op;

/** Cases of {@code moe_permute}. */
final class MoePermuteCases implements OperatorCases {
  /** Tokens, experts, slots per token. */
  private static final long[][] UGLY = {
    {1, 1, 1}, {1, 8, 2}, {3, 7, 3}, {17, 16, 4}, {31, 5, 1}, {127, 60, 4}
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.MOE_PERMUTE);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return integersOnly();
  }

  /** Says why operators on indices have one family. */
  static Map<DataFamily, String> integersOnly() {
    Map<DataFamily, String> reasons = new EnumMap<>(DataFamily.class);
    for (DataFamily family : DataFamily.values()) {
      if (family != DataFamily.EXACT_INTEGER) {
        reasons.put(family, "inputs and outputs are integers");
      }
    }
    return reasons;
  }

  @Override
  public void generate(CaseSink sink) {
    for (long[] size : UGLY) {
      for (ExpertChoice choice : ExpertChoice.values()) {
        if (choice == ExpertChoice.UNIFORM && size[2] > size[1]) {
          continue;
        }
        boolean core = size[0] == 17 || size[0] == 3 || choice == ExpertChoice.HOLES;
        sink.add(of(size, choice).level(core ? Level.L1 : Level.L2));
      }
    }
    sink.add(of(new long[] {0, 8, 2}, ExpertChoice.UNIFORM).level(Level.L1).zeroAnswer("no slots"));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(of(new long[] {17, 16, 4}, ExpertChoice.HOLES).level(Level.L1).placement(placement));
      sink.add(of(new long[] {31, 5, 1}, ExpertChoice.UNIFORM).placement(placement));
    }
    for (long tokens : new long[] {128, 129, 4097}) {
      sink.add(of(new long[] {tokens, 64, 6}, ExpertChoice.SKEWED));
    }
    // DeepSeek-V3, Mixtral, Qwen3, Qwen3-Next.
    sink.add(of(new long[] {129, 256, 8}, ExpertChoice.UNIFORM).level(Level.L1));
    sink.add(of(new long[] {127, 8, 2}, ExpertChoice.UNIFORM).level(Level.L1));
    sink.add(of(new long[] {64, 128, 8}, ExpertChoice.SKEWED).level(Level.L1));
    sink.add(of(new long[] {1, 512, 10}, ExpertChoice.UNIFORM).level(Level.L1));
    sink.add(of(new long[] {4097, 256, 8}, ExpertChoice.UNIFORM).level(Level.L3));
  }

  private static TestCase.Builder of(long[] size, ExpertChoice choice) {
    TestCase.Builder builder =
        TestCase.of(new MoePermuteSpec(size[1], size[2]), DataFamily.EXACT_INTEGER)
            .extent("T", size[0])
            .label("e", size[1])
            .label("k", size[2])
            .label("experts", choice.label())
            .filler(data -> choice.fill(data, "indices", size[1]))
            .resizable(s -> of(s, choice), "t", "e", "k");
    return choice == ExpertChoice.NONE ? builder.equalAnswer("no slot has an expert") : builder;
  }
}
