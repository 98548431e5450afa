package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.AttentionPrefillSpec.Packing;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.cases.AttentionDraft.Scores;
import org.touchstone.conformance.cases.AttentionDraft.Values;

/**
 * Cases of {@code attention_prefill}. Exact integers: equal scores over a power of two of keys
 * average integers exactly.
 */
final class AttentionPrefillCases implements OperatorCases {
  /** Queries and keys of a padded sequence. */
  private static final long[][] LENGTHS = {
    {1, 1},
    {1, 64},
    {7, 7},
    {16, 17},
    {31, 31},
    {33, 97},
    {63, 64},
    {65, 65},
    {5, 3},
    {40, 7},
    {129, 129}
  };

  /** Dimensions of keys and values of models and ugly ones. */
  private static final long[][] DIMS = {
    {1, 1},
    {2, 3},
    {33, 17},
    {80, 80},
    {96, 64},
    {128, 128},
    {192, 128},
    {256, 256},
    {512, 512},
    {576, 512}
  };

  private static final long[][] HEADS = {{1, 1}, {3, 3}, {4, 1}, {6, 2}, {16, 2}, {12, 1}, {67, 1}};

  private static final AttentionMask[] MASKS = {
    AttentionMask.NONE,
    AttentionMask.window(1),
    AttentionMask.window(2),
    AttentionMask.window(16),
    AttentionMask.window(33),
    AttentionMask.window(4096)
  };

  /** Lengths of packed queries and keys: empty sequences, fewer keys than queries, prefixes. */
  private static final long[][][] PACKED = {
    {{1}, {1}},
    {{17}, {17}},
    {{3, 0, 5}, {3, 0, 5}},
    {{0, 3}, {9, 3}},
    {{4, 1, 33}, {2, 64, 65}},
    {{1, 1, 1, 1}, {1, 7, 64, 90}},
    {{20, 0, 0, 11}, {20, 5, 0, 0}}
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.ATTENTION_PREFILL);
  }

  @Override
  public void generate(CaseSink sink) {
    families(sink);
    shapes(sink);
    packed(sink);
    options(sink);
    notFinite(sink);
    layouts(sink);
    models(sink);
  }

  private static void families(CaseSink sink) {
    for (DType type : new DType[] {DType.BF16, DType.F32}) {
      for (DataFamily family : DataFamily.values()) {
        if (family == DataFamily.EXACT_INTEGER) {
          continue;
        }
        sink.add(l1(padded(draft(family).types(type), 2, 19, 37)));
        sink.add(l1(packed(draft(family).types(type), new long[] {5, 19}, new long[] {8, 37})));
        sink.add(
            padded(draft(family).types(type).mask(AttentionMask.window(5)).sinks(2), 1, 70, 130));
      }
      AttentionDraft exact = draft(DataFamily.EXACT_INTEGER).types(type);
      sink.add(l1(padded(exact.mask(AttentionMask.NONE), 2, 5, 64)));
      sink.add(l1(padded(exact.mask(AttentionMask.window(16)), 2, 17, 64)));
      sink.add(l1(padded(exact.mask(AttentionMask.CAUSAL), 2, 1, 128)));
      sink.add(
          l1(
              packed(
                  exact.mask(AttentionMask.NONE), new long[] {3, 5, 2}, new long[] {16, 128, 1})));
      AttentionDraft withSink = draft(DataFamily.EXACT_INTEGER).types(type).sinks(1);
      sink.add(l1(padded(withSink.mask(AttentionMask.NONE), 1, 5, 63)));
      sink.add(padded(withSink.mask(AttentionMask.window(7)), 2, 33, 70));
    }
    // The largest values of a type survive where nothing is added to them.
    sink.add(
        l1(
            padded(
                draft(DataFamily.SATURATING)
                    .types(DType.F32, DType.BF16)
                    .mask(AttentionMask.window(1)),
                1,
                9,
                9)));
  }

  private static void shapes(CaseSink sink) {
    boolean wide = false;
    for (long[] length : LENGTHS) {
      DType type = wide ? DType.F32 : DType.BF16;
      sink.add(l1(padded(draft(DataFamily.RANDOM).types(type), 1, length[0], length[1])));
      sink.add(
          padded(
              draft(DataFamily.STRUCTURED).types(type).mask(AttentionMask.NONE),
              3,
              length[0],
              length[1]));
      wide = !wide;
    }
    for (long[] dims : DIMS) {
      sink.add(l1(padded(draft(DataFamily.RANDOM).dims(dims[0], dims[1]), 1, 9, 21)));
      sink.add(padded(draft(DataFamily.RANDOM).types(DType.F32).dims(dims[0], dims[1]), 2, 33, 66));
    }
    for (long[] heads : HEADS) {
      sink.add(l1(padded(draft(DataFamily.RANDOM).heads(heads[0], heads[1]), 2, 11, 23)));
      sink.add(
          packed(
              draft(DataFamily.RANDOM).types(DType.F32).heads(heads[0], heads[1]),
              new long[] {30, 4},
              new long[] {30, 70}));
    }
    for (AttentionMask mask : MASKS) {
      sink.add(l1(padded(draft(DataFamily.RANDOM).mask(mask), 1, 35, 35)));
      sink.add(l1(padded(draft(DataFamily.RANDOM).types(DType.F32).mask(mask), 2, 6, 90)));
      sink.add(
          packed(
              draft(DataFamily.STRUCTURED).mask(mask), new long[] {40, 9}, new long[] {20, 140}));
    }
    sink.add(l1(padded(draft(DataFamily.RANDOM), 0, 7, 7).zeroAnswer("no elements")));
    sink.add(l1(padded(draft(DataFamily.RANDOM), 2, 0, 7).zeroAnswer("no elements")));
    sink.add(l1(padded(draft(DataFamily.RANDOM), 2, 5, 0)));
    sink.add(
        l1(
            padded(draft(DataFamily.RANDOM).mask(AttentionMask.NONE), 2, 5, 0)
                .absent("lse")
                .zeroAnswer("no query sees a key")));
  }

  private static void packed(CaseSink sink) {
    boolean wide = true;
    for (long[][] lengths : PACKED) {
      DType type = wide ? DType.F32 : DType.BF16;
      sink.add(l1(packed(draft(DataFamily.RANDOM).types(type), lengths[0], lengths[1])));
      sink.add(
          packed(
              draft(DataFamily.STRUCTURED).types(type).mask(AttentionMask.NONE).sinks(3),
              lengths[0],
              lengths[1]));
      wide = !wide;
    }
    long[] none = {};
    sink.add(l1(packed(draft(DataFamily.RANDOM), none, none).zeroAnswer("no elements")));
    sink.add(
        l1(
            packed(draft(DataFamily.RANDOM), new long[] {0, 0}, new long[] {0, 5})
                .zeroAnswer("no elements")));
  }

  private static void options(CaseSink sink) {
    for (double cap : new double[] {2, 30, 50}) {
      sink.add(l1(padded(draft(DataFamily.RANDOM).softcap(cap).scale(3), 1, 20, 45)));
      sink.add(
          padded(draft(DataFamily.STRUCTURED).types(DType.F32).softcap(cap).scale(9), 2, 33, 67));
    }
    for (double magnitude : new double[] {1, 50, 200}) {
      sink.add(l1(padded(draft(DataFamily.RANDOM).sinks(magnitude), 1, 20, 45)));
      sink.add(
          l1(
              padded(
                  draft(DataFamily.STRUCTURED)
                      .types(DType.F32)
                      .sinks(magnitude)
                      .mask(AttentionMask.window(8)),
                  1,
                  20,
                  9)));
      sink.add(
          packed(
              draft(DataFamily.SATURATING).sinks(magnitude),
              new long[] {9, 30},
              new long[] {40, 20}));
    }
    for (Scores scores : List.of(Scores.values()).subList(1, Scores.values().length)) {
      AttentionDraft draft = draft(DataFamily.STRUCTURED).scores(scores);
      sink.add(l1(padded(draft.types(DType.BF16), 1, 40, 150)));
      sink.add(l1(packed(draft.types(DType.F32), new long[] {3, 20}, new long[] {3, 200})));
      sink.add(padded(draft.types(DType.F32).scale(8).sinks(4), 2, 8, 270));
    }
    for (double scale : new double[] {1, -0.25, 1e-3}) {
      sink.add(l1(padded(draft(DataFamily.RANDOM).scale(scale), 1, 12, 30)));
    }
  }

  /** A weight of zero takes nothing of a value, whatever it is: no key behind the mask shows. */
  private static void notFinite(CaseSink sink) {
    for (DType type : new DType[] {DType.BF16, DType.F32}) {
      AttentionDraft draft = draft(DataFamily.RANDOM).types(type).values(Values.NOT_FINITE);
      sink.add(l1(padded(draft, 1, 70, 70)));
      sink.add(l1(packed(draft, new long[] {40, 9}, new long[] {90, 9})));
      sink.add(padded(draft.dims(128), 1, 33, 40));
      sink.add(padded(draft.dims(256), 1, 33, 33));
      sink.add(padded(draft.dims(192, 128), 2, 17, 50));
      sink.add(l1(padded(draft.dims(64).mask(AttentionMask.window(20)), 1, 60, 90)));
    }
  }

  private static void layouts(CaseSink sink) {
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      for (DType type : new DType[] {DType.BF16, DType.F32}) {
        AttentionDraft draft = draft(DataFamily.RANDOM).types(type).sinks(1);
        sink.add(l1(padded(draft, 2, 13, 29).placement(placement)));
        sink.add(l1(packed(draft, new long[] {5, 8}, new long[] {5, 19}).placement(placement)));
      }
    }
    for (DataFamily family : new DataFamily[] {DataFamily.RANDOM, DataFamily.STRUCTURED}) {
      AttentionDraft narrowed = draft(family).types(DType.F32, DType.BF16);
      AttentionDraft widened = draft(family).types(DType.BF16, DType.F32);
      sink.add(l1(padded(narrowed, 1, 17, 40)));
      sink.add(l1(padded(widened, 1, 17, 40)));
      sink.add(l1(padded(widened, 1, 17, 40).absent("lse")));
      sink.add(l1(packed(narrowed, new long[] {9}, new long[] {30}).absent("lse")));
    }
  }

  private static void models(CaseSink sink) {
    // Llama-3-8B and Mixtral.
    AttentionDraft llama = draft(DataFamily.RANDOM).heads(32, 8).dims(128);
    sink.add(l1(padded(llama, 1, 80, 80).sampled(256)));
    sink.add(padded(llama, 1, 515, 515).sampled(256).level(Level.L3));
    // gpt-oss: sinks and a window of 128 in every second layer.
    sink.add(
        l1(
            packed(
                    draft(DataFamily.RANDOM)
                        .heads(64, 8)
                        .dims(64)
                        .scale(0.125)
                        .sinks(1)
                        .mask(AttentionMask.window(128)),
                    new long[] {30, 7},
                    new long[] {190, 7})
                .sampled(256)));
    // Qwen3-235B, GLM-4.5, Qwen3-Next, Gemma 3-27B (scale 168^-1/2), Gemma 4 global layers.
    sink.add(padded(draft(DataFamily.RANDOM).heads(64, 4).dims(128), 1, 65, 130).sampled(256));
    sink.add(padded(draft(DataFamily.RANDOM).heads(96, 8).dims(128), 1, 33, 130).sampled(256));
    sink.add(padded(draft(DataFamily.RANDOM).heads(16, 2).dims(256), 1, 65, 130).sampled(256));
    sink.add(
        padded(
                draft(DataFamily.RANDOM)
                    .heads(32, 16)
                    .dims(128)
                    .scale(1 / Math.sqrt(168))
                    .mask(AttentionMask.window(1024)),
                1,
                40,
                1100)
            .sampled(256));
    sink.add(
        padded(draft(DataFamily.RANDOM).heads(16, 2).dims(512).scale(1), 1, 40, 130).sampled(256));
    sink.add(
        packed(llama, new long[] {300, 1, 129}, new long[] {300, 700, 129})
            .sampled(256)
            .level(Level.L3));
  }

  private static AttentionDraft draft(DataFamily family) {
    return AttentionDraft.of(family);
  }

  private static TestCase.Builder l1(TestCase.Builder builder) {
    return builder.level(Level.L1);
  }

  static TestCase.Builder padded(AttentionDraft draft, long batch, long queries, long keys) {
    AttentionDraft own = draft.copy();
    TestCase.Builder builder =
        own.label(
                TestCase.of(own.prefill(Packing.PADDED), own.family())
                    .extent("B", batch)
                    .extent("Sq", queries)
                    .extent("Sk", keys))
            .batch("B")
            .filler(data -> own.fill(data, "k", "v", row -> row % keys));
    if (keys == 0) {
      builder.equalAnswer("there are no keys");
    }
    // Exact values need as many keys as they have.
    return own.family() == DataFamily.EXACT_INTEGER
        ? builder
        : builder.resizable(
            s -> padded(own.copy().heads(s[3], s[4]).dims(s[5], s[6]), s[0], s[1], s[2]),
            "b",
            "sq",
            "sk",
            "h",
            "kv",
            "d",
            "dv");
  }

  private static TestCase.Builder packed(AttentionDraft draft, long[] queries, long[] keys) {
    AttentionDraft own = draft.copy();
    long[] queryBounds = bounds(queries);
    long[] keyBounds = bounds(keys);
    TestCase.Builder builder =
        own.label(
                TestCase.of(own.prefill(Packing.VARLEN), own.family())
                    .label("q", text(queries))
                    .label("k", text(keys))
                    .derived("B", queries.length)
                    .derived("Tq", queryBounds[queries.length])
                    .derived("Tk", keyBounds[keys.length]))
            .filler(
                data -> {
                  data.set("cuSeqlensQ", queryBounds);
                  data.set("cuSeqlensK", keyBounds);
                  own.fill(data, "k", "v", row -> row - start(keyBounds, row));
                });
    int b = queries.length;
    return own.family() == DataFamily.EXACT_INTEGER
        ? builder
        : builder.resizable(
            s ->
                packed(
                    own.copy().heads(s[0], s[1]).dims(s[2], s[3]),
                    Arrays.copyOfRange(s, 4, 4 + b),
                    Arrays.copyOfRange(s, 4 + b, 4 + 2 * b)),
            "h",
            "kv",
            "d",
            "dv",
            "q",
            "k");
  }

  /** Returns the cumulative lengths. */
  static long[] bounds(long... lengths) {
    long[] bounds = new long[lengths.length + 1];
    for (int b = 0; b < lengths.length; b++) {
      bounds[b + 1] = bounds[b] + lengths[b];
    }
    return bounds;
  }

  private static long start(long[] bounds, long row) {
    int b = 0;
    while (bounds[b + 1] <= row) {
      b++;
    }
    return bounds[b];
  }

  /** Returns lengths as a word of a case name. */
  static String text(long... lengths) {
    return lengths.length == 0
        ? "none"
        : Arrays.stream(lengths).mapToObj(Long::toString).collect(Collectors.joining("+"));
  }
}
