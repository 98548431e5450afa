package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.PagedSequences.LastKey;
import org.touchstone.conformance.cases.PagedSequences.Sharing;
import org.touchstone.conformance.data.CounterRandom;

/**
 * Cases of {@code mla_decode_absorbed}. Exact integers: the rotary part gives all keys the same
 * score, so integers are averaged over a power of two of keys.
 */
final class MlaDecodeAbsorbedCases implements OperatorCases {
  private static final int[] PAGES = {1, 16, 64};

  private static final long[][] LENGTHS = {{1}, {15, 16, 17}, {0, 5, 0}, {63, 64, 65}, {130, 2}};

  @Override
  public Set<Op> ops() {
    return Set.of(Op.MLA_DECODE_ABSORBED);
  }

  @Override
  public void generate(CaseSink sink) {
    for (DType type : new DType[] {DType.BF16, DType.F32}) {
      for (DataFamily family : DataFamily.values()) {
        MlaDraft draft = MlaDraft.of(family, MlaDraft.SMALL, type);
        boolean exact = family == DataFamily.EXACT_INTEGER;
        AttentionMask mask = exact ? AttentionMask.NONE : AttentionMask.CAUSAL;
        long[] lengths = exact ? lengths(16, 128) : lengths(3, 70);
        sink.add(l1(of(draft.with(mask), type, 16, 1, lengths)));
        sink.add(l1(of(draft.with(AttentionMask.window(8)), type, 16, 3, lengths(10, 70))));
      }
      for (int page : PAGES) {
        for (long[] lengths : LENGTHS) {
          MlaDraft draft = MlaDraft.of(DataFamily.RANDOM, MlaDraft.SMALL, type);
          sink.add(
              of(draft, type, page, 1, lengths).level(type == DType.BF16 ? Level.L1 : Level.L2));
          sink.add(
              of(
                  MlaDraft.of(DataFamily.STRUCTURED, MlaDraft.UGLY[1], type)
                      .with(AttentionMask.NONE),
                  type,
                  page,
                  2,
                  lengths));
        }
      }
      for (MlaDims dims : MlaDraft.UGLY) {
        MlaDraft draft = MlaDraft.of(DataFamily.RANDOM, dims, type);
        sink.add(l1(of(draft, type, 16, 1, lengths(21, 5))));
        sink.add(of(draft.with(AttentionMask.window(3)), type, 16, 5, lengths(70, 0)));
      }
      for (DType cache : new DType[] {DType.BF16, DType.F32}) {
        for (DType weight : new DType[] {DType.BF16, DType.F32}) {
          DType output = weight == DType.BF16 ? DType.F32 : DType.BF16;
          sink.add(
              l1(
                  of(
                      MlaDraft.of(DataFamily.RANDOM, MlaDraft.SMALL, type).types(weight, output),
                      cache,
                      16,
                      2,
                      lengths(33, 18))));
        }
      }
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        MlaDraft draft = MlaDraft.of(DataFamily.RANDOM, MlaDraft.UGLY[1], type);
        sink.add(l1(of(draft, type, 16, 2, lengths(19, 6)).placement(placement)));
      }
    }
    MlaDraft small = MlaDraft.of(DataFamily.RANDOM, MlaDraft.SMALL, DType.BF16);
    MlaDims wide = new MlaDims(16, 512, 128, 64, 128);
    for (LastKey last : new LastKey[] {LastKey.NAN, LastKey.INFINITY}) {
      sink.add(l1(of(small, last, 3, 130, 33)));
      sink.add(of(small.with(AttentionMask.window(8)), last, 5, 70, 600));
      sink.add(of(MlaDraft.of(DataFamily.RANDOM, MlaDraft.SMALL, DType.F32), last, 3, 130));
      sink.add(of(MlaDraft.of(DataFamily.RANDOM, wide, DType.BF16), last, 2, 40).sampled(8));
    }
    sink.add(l1(of(small, DType.BF16, 16, 1, lengths(21)).absent("lse")));
    sink.add(l1(of(small, DType.BF16, 16, 1, lengths()).zeroAnswer("no elements")));
    sink.add(l1(of(small, DType.BF16, 16, 0, lengths(4)).zeroAnswer("no elements")));
    sink.add(
        l1(
            of(small, DType.BF16, 16, 2, lengths(0, 0))
                .absent("lse")
                .zeroAnswer("no query sees a key")));
    sink.add(l1(of(small, DType.BF16, 64, 1, lengths(513, 40))));
    sink.add(l1(of(small, DType.BF16, 16, 2, lengths(1100))));
    sink.add(l1(of(small, DType.BF16, 16, 70, lengths(90, 8))));
    sink.add(l1(of(small, DType.BF16, new PagedSequences(16, Sharing.PREFIX, 70, 90, 65), 1)));
    models(sink, wide);
  }

  private static void models(CaseSink sink, MlaDims wide) {
    // DeepSeek-V2-Lite's 16 heads, DeepSeek-V3's 128 and GLM-5's wider ones.
    sink.add(
        l1(
            of(
                    MlaDraft.of(DataFamily.RANDOM, wide, DType.BF16),
                    DType.BF16,
                    64,
                    1,
                    lengths(300, 20))
                .sampled(8)));
    sink.add(
        of(
                MlaDraft.of(DataFamily.RANDOM, MlaDims.DEEPSEEK_V3, DType.BF16),
                DType.BF16,
                64,
                1,
                lengths(130))
            .sampled(16));
    sink.add(
        of(
                MlaDraft.of(DataFamily.RANDOM, new MlaDims(64, 512, 192, 64, 256), DType.BF16),
                DType.BF16,
                64,
                1,
                lengths(130))
            .sampled(16));
    sink.add(
        of(
                MlaDraft.of(DataFamily.RANDOM, MlaDims.DEEPSEEK_V3, DType.BF16),
                DType.BF16,
                64,
                2,
                lengths(2100, 65))
            .sampled(16)
            .level(Level.L3));
  }

  private static TestCase.Builder l1(TestCase.Builder builder) {
    return builder.level(Level.L1);
  }

  private static long[] lengths(long... lengths) {
    return lengths;
  }

  /** Keys that only the last query sees are no numbers, which no other query may notice. */
  private static TestCase.Builder of(MlaDraft draft, LastKey last, long queries, long... lengths) {
    PagedSequences sequences = new PagedSequences(16, Sharing.NONE, lengths).lastKey(last);
    return of(draft, draft.dtype(), sequences, queries);
  }

  static TestCase.Builder of(
      MlaDraft draft, DType cache, int pageSize, long queries, long[] lengths) {
    return of(draft, cache, new PagedSequences(pageSize, Sharing.NONE, lengths), queries);
  }

  private static TestCase.Builder of(
      MlaDraft draft, DType cache, PagedSequences sequences, long queries) {
    TestCase.Builder builder =
        sequences
            .decode(
                draft.decode(cache, sequences.pageSize()),
                draft.family(),
                cache,
                queries,
                draft::label)
            .filler(
                data -> {
                  sequences.fillTable(data);
                  draft.fill(data);
                  CounterRandom latent = data.random("latent");
                  CounterRandom rope = data.random("rope");
                  long dc = draft.dims().latentDim();
                  long width = draft.dims().cachedDim();
                  data.values(
                      "kvCache",
                      i ->
                          i % width < dc
                              ? draft.latent(latent, i, i % width)
                              : draft.rope(rope, i, i % width - dc));
                  sequences.poison(data, "kvCache");
                });
    // Exact values need as many keys as they have.
    return draft.family() == DataFamily.EXACT_INTEGER
        ? builder
        : builder.resizable(
            s -> {
              long[] lengths = Arrays.copyOfRange(s, 1, s.length);
              return of(draft, cache, sequences.with(lengths), s[0]);
            },
            "sq",
            "len");
  }
}
