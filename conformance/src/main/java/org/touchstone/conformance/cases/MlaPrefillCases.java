package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.IntStream;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.data.CounterRandom;

/**
 * Cases of {@code mla_prefill}. Exact integers: the rotary part gives all keys the same score, so
 * integers are averaged over a power of two of keys.
 */
final class MlaPrefillCases implements OperatorCases {
  private static final long[][][] LENGTHS = {
    {{1}, {1}},
    {{17}, {17}},
    {{3, 0, 5}, {3, 0, 5}},
    {{4, 1, 9}, {2, 64, 65}},
    {{1, 1, 1}, {1, 7, 70}},
    {{0, 6}, {5, 0}}
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.MLA_PREFILL);
  }

  @Override
  public void generate(CaseSink sink) {
    for (DType type : new DType[] {DType.BF16, DType.F32}) {
      for (DataFamily family : DataFamily.values()) {
        MlaDraft draft = MlaDraft.of(family, MlaDraft.SMALL, type);
        boolean exact = family == DataFamily.EXACT_INTEGER;
        AttentionMask mask = exact ? AttentionMask.NONE : AttentionMask.CAUSAL;
        sink.add(l1(of(draft.with(mask), lengths(3, 9), exact ? lengths(16, 64) : lengths(3, 30))));
        sink.add(l1(of(draft.with(AttentionMask.window(8)), lengths(9, 4), lengths(16, 70))));
      }
      for (long[][] lengths : LENGTHS) {
        MlaDraft draft = MlaDraft.of(DataFamily.RANDOM, MlaDraft.SMALL, type);
        sink.add(l1(of(draft, lengths[0], lengths[1])));
        sink.add(
            of(
                MlaDraft.of(DataFamily.STRUCTURED, MlaDraft.UGLY[1], type).with(AttentionMask.NONE),
                lengths[0],
                lengths[1]));
      }
      for (MlaDims dims : MlaDraft.UGLY) {
        MlaDraft draft = MlaDraft.of(DataFamily.RANDOM, dims, type);
        sink.add(l1(of(draft, lengths(7, 2), lengths(7, 20))));
        sink.add(of(draft.with(AttentionMask.window(3)), lengths(70), lengths(90)));
      }
      for (DType weight : new DType[] {DType.BF16, DType.F32}) {
        for (DType output : new DType[] {DType.BF16, DType.F32}) {
          if (weight != type || output != type) {
            sink.add(
                l1(
                    of(
                        MlaDraft.of(DataFamily.RANDOM, MlaDraft.SMALL, type).types(weight, output),
                        lengths(5),
                        lengths(21))));
          }
        }
      }
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        MlaDraft draft = MlaDraft.of(DataFamily.RANDOM, MlaDraft.UGLY[1], type);
        sink.add(l1(of(draft, lengths(6, 5), lengths(6, 19)).placement(placement)));
      }
    }
    MlaDraft small = MlaDraft.of(DataFamily.RANDOM, MlaDraft.SMALL, DType.BF16);
    sink.add(l1(of(small, lengths(5), lengths(21)).absent("lse")));
    sink.add(l1(of(small, lengths(), lengths()).zeroAnswer("no elements")));
    sink.add(l1(of(small, lengths(0, 0), lengths(3, 0)).zeroAnswer("no elements")));
    sink.add(of(small, lengths(130, 65), lengths(130, 200)));
    // DeepSeek-V2-Lite's 16 heads, DeepSeek-V3's 128 and GLM-5's wider ones.
    sink.add(
        l1(
            of(
                    MlaDraft.of(DataFamily.RANDOM, new MlaDims(16, 512, 128, 64, 128), DType.BF16),
                    lengths(9),
                    lengths(20))
                .sampled(16)));
    sink.add(
        of(
                MlaDraft.of(DataFamily.RANDOM, MlaDims.DEEPSEEK_V3, DType.BF16),
                lengths(17),
                lengths(40))
            .sampled(64));
    sink.add(
        of(
                MlaDraft.of(DataFamily.RANDOM, new MlaDims(64, 512, 192, 64, 256), DType.BF16),
                lengths(17),
                lengths(40))
            .sampled(64));
    sink.add(
        of(
                MlaDraft.of(DataFamily.RANDOM, MlaDims.DEEPSEEK_V3, DType.BF16),
                lengths(100, 129),
                lengths(300, 129))
            .sampled(64)
            .level(Level.L3));
  }

  private static TestCase.Builder l1(TestCase.Builder builder) {
    return builder.level(Level.L1);
  }

  private static long[] lengths(long... lengths) {
    return lengths;
  }

  private static TestCase.Builder of(MlaDraft draft, long[] queries, long[] keys) {
    long[] queryBounds = AttentionPrefillCases.bounds(queries);
    long[] keyBounds = AttentionPrefillCases.bounds(keys);
    TestCase.Builder builder =
        draft
            .label(
                TestCase.of(draft.prefill(), draft.family())
                    .label("q", AttentionPrefillCases.text(queries))
                    .label("k", AttentionPrefillCases.text(keys)))
            .derived("B", queries.length)
            .derived("Tq", queryBounds[queries.length])
            .derived("Tk", keyBounds[keys.length])
            .filler(
                data -> {
                  data.set("cuSeqlensQ", queryBounds);
                  data.set("cuSeqlensK", keyBounds);
                  draft.fill(data);
                  CounterRandom latent = data.random("latent");
                  CounterRandom rope = data.random("rope");
                  long dc = draft.dims().latentDim();
                  long dr = draft.dims().ropeDim();
                  data.values("latent", i -> draft.latent(latent, i, i % dc));
                  data.values("keyRope", i -> draft.rope(rope, i, i % dr));
                });
    // Exact values need as many keys as they have.
    if (draft.family() != DataFamily.EXACT_INTEGER) {
      builder.resizable(
          s ->
              of(
                  draft,
                  Arrays.copyOf(s, queries.length),
                  Arrays.copyOfRange(s, queries.length, s.length)),
          "q",
          "k");
    }
    boolean keyless =
        IntStream.range(0, queries.length).allMatch(b -> queries[b] == 0 || keys[b] == 0);
    return keyless ? builder.equalAnswer("no query has a key") : builder;
  }
}
