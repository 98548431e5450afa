package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.AttentionDraft.Scores;
import org.touchstone.conformance.cases.AttentionDraft.Values;
import org.touchstone.conformance.cases.PagedSequences.Sharing;

/**
 * Cases of {@code attention_decode_paged}. Exact integers: equal scores over a power of two of keys
 * average integers exactly.
 */
final class AttentionDecodePagedCases implements OperatorCases {
  private static final int[] PAGES = {1, 16, 64};

  /** Full and nearly empty last pages, empty sequences, one key. */
  private static final long[][] LENGTHS = {
    {1}, {2, 1}, {15, 16, 17}, {0, 5, 0}, {63, 64, 65}, {128, 1, 33, 7}, {130}
  };

  private static final long[][] DIMS = {
    {1, 1}, {33, 17}, {80, 80}, {96, 64}, {128, 128}, {192, 128}, {256, 256}, {512, 512}, {576, 512}
  };

  private static final long[][] HEADS = {{1, 1}, {3, 3}, {4, 1}, {16, 2}, {16, 1}, {67, 1}};

  private static final AttentionMask[] MASKS = {
    AttentionMask.NONE,
    AttentionMask.window(1),
    AttentionMask.window(3),
    AttentionMask.window(16),
    AttentionMask.window(4096)
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.ATTENTION_DECODE_PAGED);
  }

  @Override
  public void generate(CaseSink sink) {
    families(sink);
    shapes(sink);
    options(sink);
    models(sink);
  }

  private static void families(CaseSink sink) {
    for (int page : PAGES) {
      for (DataFamily family : DataFamily.values()) {
        if (family == DataFamily.EXACT_INTEGER) {
          continue;
        }
        sink.add(l1(of(draft(family), page, 1, 40, 21, 70)));
        sink.add(of(draft(family).types(DType.F32).sinks(2), page, 3, 40, 130));
      }
      AttentionDraft exact = draft(DataFamily.EXACT_INTEGER);
      sink.add(l1(of(exact.copy().mask(AttentionMask.NONE), page, 3, 64, 1, 128)));
      sink.add(
          l1(of(exact.copy().types(DType.F32).mask(AttentionMask.window(8)), page, 4, 11, 70)));
      sink.add(of(exact.copy().sinks(1), page, 1, 63, 127));
    }
    sink.add(
        l1(
            of(
                draft(DataFamily.SATURATING)
                    .types(DType.F32, DType.BF16)
                    .mask(AttentionMask.window(1)),
                16,
                2,
                9,
                30)));
  }

  private static void shapes(CaseSink sink) {
    for (int page : PAGES) {
      boolean wide = false;
      for (long[] lengths : LENGTHS) {
        DType type = wide ? DType.F32 : DType.BF16;
        sink.add(l1(of(draft(DataFamily.RANDOM).types(type), page, 1, lengths)));
        sink.add(
            of(
                draft(DataFamily.STRUCTURED).types(type).mask(AttentionMask.NONE).sinks(1),
                page,
                2,
                lengths));
        wide = !wide;
      }
    }
    for (long[] dims : DIMS) {
      sink.add(l1(of(draft(DataFamily.RANDOM).dims(dims[0], dims[1]), 16, 1, 37, 5)));
      sink.add(of(draft(DataFamily.RANDOM).types(DType.F32).dims(dims[0], dims[1]), 64, 2, 130, 1));
    }
    for (long[] heads : HEADS) {
      sink.add(l1(of(draft(DataFamily.RANDOM).heads(heads[0], heads[1]), 16, 1, 37, 5)));
      sink.add(
          of(draft(DataFamily.RANDOM).types(DType.F32).heads(heads[0], heads[1]), 64, 3, 130, 9));
    }
    for (AttentionMask mask : MASKS) {
      sink.add(l1(of(draft(DataFamily.RANDOM).mask(mask), 16, 2, 45, 3)));
      sink.add(of(draft(DataFamily.RANDOM).types(DType.F32).mask(mask), 1, 5, 45, 3));
    }
    for (long queries : new long[] {2, 3, 8, 70}) {
      sink.add(l1(of(draft(DataFamily.RANDOM), 16, queries, 90, 5, 1)));
    }
    // Contexts long enough to be split over keys.
    for (long[] lengths : new long[][] {{511, 512, 513}, {1030, 40}, {2500}}) {
      sink.add(l1(of(draft(DataFamily.RANDOM).heads(4, 1), 64, 1, lengths)));
      sink.add(
          of(
              draft(DataFamily.RANDOM)
                  .types(DType.F32)
                  .heads(2, 2)
                  .sinks(1)
                  .mask(AttentionMask.window(700)),
              16,
              2,
              lengths));
    }
    sink.add(l1(of(draft(DataFamily.RANDOM), 16, 1).zeroAnswer("no elements")));
    sink.add(l1(of(draft(DataFamily.RANDOM), 16, 0, 5, 9).zeroAnswer("no elements")));
    sink.add(l1(of(draft(DataFamily.RANDOM).sinks(50), 16, 2, 0, 1)));
    sink.add(
        l1(
            of(draft(DataFamily.RANDOM), 16, 2, 0, 0)
                .absent("lse")
                .zeroAnswer("no query sees a key")));
  }

  private static void options(CaseSink sink) {
    for (Sharing sharing : Sharing.values()) {
      for (int page : PAGES) {
        sink.add(
            of(
                    draft(DataFamily.RANDOM).heads(4, 4),
                    DType.BF16,
                    new PagedSequences(page, sharing, 70, 90, 65),
                    1)
                .level(sharing == Sharing.NONE ? Level.L2 : Level.L1));
      }
    }
    for (DType cache : new DType[] {DType.F32, DType.BF16}) {
      for (DType type : new DType[] {DType.F32, DType.BF16}) {
        for (DType output : new DType[] {DType.F32, DType.BF16}) {
          sink.add(
              l1(
                  of(
                      draft(DataFamily.RANDOM).types(type, output),
                      cache,
                      new PagedSequences(16, Sharing.NONE, 33, 18),
                      2)));
        }
      }
    }
    for (DType type : new DType[] {DType.BF16, DType.F32}) {
      AttentionDraft draft = draft(DataFamily.RANDOM).types(type).values(Values.NOT_FINITE);
      sink.add(l1(of(draft, 16, 3, 130, 40, 2)));
      sink.add(of(draft.copy().dims(128), 64, 5, 130));
      sink.add(of(draft.copy().dims(256), 16, 4, 70, 33));
      sink.add(of(draft.copy().mask(AttentionMask.window(20)), 16, 6, 90, 600));
    }
    for (double cap : new double[] {2, 30, 50}) {
      sink.add(l1(of(draft(DataFamily.RANDOM).softcap(cap).scale(3), 16, 2, 45)));
    }
    for (double magnitude : new double[] {1, 50, 200}) {
      sink.add(l1(of(draft(DataFamily.RANDOM).sinks(magnitude), 16, 1, 45, 0, 3)));
      sink.add(
          of(
              draft(DataFamily.SATURATING).sinks(magnitude).mask(AttentionMask.window(20)),
              16,
              1,
              45,
              600));
    }
    for (Scores scores : List.of(Scores.values()).subList(1, Scores.values().length)) {
      AttentionDraft draft = draft(DataFamily.STRUCTURED).scores(scores);
      sink.add(l1(of(draft, 16, 1, 150, 30)));
      sink.add(of(draft.copy().types(DType.F32).sinks(4), 64, 2, 700, 130));
    }
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      for (DType type : new DType[] {DType.BF16, DType.F32}) {
        sink.add(
            l1(
                of(draft(DataFamily.RANDOM).types(type).sinks(1), 16, 2, 45, 600)
                    .placement(placement)));
      }
    }
    for (DataFamily family : new DataFamily[] {DataFamily.RANDOM, DataFamily.STRUCTURED}) {
      sink.add(l1(of(draft(family), 16, 1, 45, 20).absent("lse")));
    }
  }

  private static void models(CaseSink sink) {
    // Qwen3-30B and Llama-3-8B; gpt-oss with sinks and its window of 128.
    sink.add(l1(of(draft(DataFamily.RANDOM).heads(32, 4).dims(128), 64, 1, 700, 190).sampled(64)));
    sink.add(
        l1(
            of(
                    draft(DataFamily.RANDOM)
                        .heads(64, 8)
                        .dims(64)
                        .scale(0.125)
                        .sinks(1)
                        .mask(AttentionMask.window(128)),
                    16,
                    1,
                    650,
                    90)
                .sampled(64)));
    sink.add(of(draft(DataFamily.RANDOM).heads(32, 8).dims(128), 16, 1, 1100, 70).sampled(64));
    // GLM-4.5, Qwen3-Next, Gemma 3-27B, Gemma 4's global layers.
    sink.add(of(draft(DataFamily.RANDOM).heads(96, 8).dims(128), 64, 1, 600).sampled(64));
    sink.add(of(draft(DataFamily.RANDOM).heads(16, 2).dims(256), 64, 2, 600).sampled(64));
    sink.add(
        of(
                draft(DataFamily.RANDOM)
                    .heads(32, 16)
                    .dims(128)
                    .scale(1 / Math.sqrt(168))
                    .mask(AttentionMask.window(1024)),
                16,
                1,
                1500)
            .sampled(64));
    sink.add(of(draft(DataFamily.RANDOM).heads(16, 1).dims(512).scale(1), 64, 1, 600).sampled(64));
    sink.add(
        of(draft(DataFamily.RANDOM).heads(32, 4).dims(128), 64, 1, 17000, 4097, 1, 513)
            .sampled(32)
            .level(Level.L3));
  }

  private static AttentionDraft draft(DataFamily family) {
    return AttentionDraft.of(family);
  }

  private static TestCase.Builder l1(TestCase.Builder builder) {
    return builder.level(Level.L1);
  }

  static TestCase.Builder of(AttentionDraft draft, int pageSize, long queries, long... lengths) {
    return of(draft, DType.BF16, new PagedSequences(pageSize, Sharing.NONE, lengths), queries);
  }

  static TestCase.Builder of(
      AttentionDraft draft, DType cache, PagedSequences sequences, long queries) {
    AttentionDraft own = draft.copy();
    TestCase.Builder builder =
        sequences
            .decode(
                own.decode(cache, sequences.pageSize()), own.family(), cache, queries, own::label)
            .filler(
                data -> {
                  sequences.fillTable(data);
                  long[] keys = sequences.keys(data);
                  own.fill(data, "kCache", "vCache", place -> keys[(int) place]);
                  sequences.poison(data, "kCache");
                  sequences.poison(data, "vCache");
                });
    // Exact values need as many keys as they have.
    return own.family() == DataFamily.EXACT_INTEGER
        ? builder
        : builder.resizable(
            s -> {
              long[] lengths = Arrays.copyOfRange(s, 5, s.length);
              return of(
                  own.copy().heads(s[1], s[2]).dims(s[3], s[4]),
                  cache,
                  sequences.with(lengths),
                  s[0]);
            },
            "sq",
            "h",
            "kv",
            "d",
            "dv",
            "len");
  }
}
