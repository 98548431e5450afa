package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.KvCacheWriteSpec.Kind;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/** Cases of {@code kv_cache_write}: the caches hold random bits before, which must survive. */
final class KvCacheWriteCases implements OperatorCases {
  /** Heads, elements of a key, of a value. */
  private static final long[][] DIMS = {{1, 1, 1}, {3, 17, 5}, {2, 64, 64}, {8, 33, 128}};

  /** Where tokens go. */
  private enum Slots {
    /** To places all over the cache. */
    SHUFFLED,
    /** As shuffled, but every third token has no place: -1, far behind the cache, or negative. */
    SKIPPING,
    /** To places one after the other, over page borders. */
    CONSECUTIVE,
    /** Nowhere. */
    NONE
  }

  @Override
  public Set<Op> ops() {
    return Set.of(Op.KV_CACHE_WRITE);
  }

  @Override
  public void generate(CaseSink sink) {
    for (DType input : new DType[] {DType.BF16, DType.F32}) {
      for (DType cache : new DType[] {DType.BF16, DType.F32}) {
        for (DataFamily family : DataFamily.values()) {
          sink.add(l1(of(Kind.SEPARATE, input, cache, family, Slots.SHUFFLED, 16, 13, 2, 24, 16)));
          sink.add(l1(of(Kind.LATENT, input, cache, family, Slots.SKIPPING, 16, 13, 1, 40, 8)));
        }
        for (long page : new long[] {1, 7, 64}) {
          for (Slots slots : Slots.values()) {
            if (slots == Slots.NONE) {
              continue;
            }
            boolean core = input != cache || slots == Slots.SKIPPING;
            sink.add(
                of(Kind.SEPARATE, input, cache, DataFamily.RANDOM, slots, page, 29, 2, 24, 16)
                    .level(core ? Level.L1 : Level.L2));
            sink.add(of(Kind.LATENT, input, cache, DataFamily.RANDOM, slots, page, 29, 1, 33, 9));
          }
        }
        for (long[] d : DIMS) {
          sink.add(
              of(
                  Kind.SEPARATE,
                  input,
                  cache,
                  DataFamily.RANDOM,
                  Slots.SKIPPING,
                  16,
                  21,
                  d[0],
                  d[1],
                  d[2]));
        }
      }
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        for (Kind kind : Kind.values()) {
          sink.add(
              l1(
                  of(kind, input, DType.BF16, DataFamily.RANDOM, Slots.SKIPPING, 16, 11, 1, 24, 8)
                      .placement(placement)));
        }
      }
      for (Kind kind : Kind.values()) {
        sink.add(
            l1(
                of(kind, input, DType.BF16, DataFamily.RANDOM, Slots.SHUFFLED, 16, 0, 1, 24, 8)
                    .zeroAnswer("there is no token, and the cache held zeros")));
        sink.add(
            l1(
                of(kind, input, DType.BF16, DataFamily.RANDOM, Slots.NONE, 16, 9, 1, 24, 8)
                    .zeroAnswer("every token is skipped, and the cache held zeros")));
      }
    }
    // Llama-3-8B's heads; DeepSeek-V3's latent and rotary parts.
    sink.add(
        l1(
            of(
                Kind.SEPARATE,
                DType.BF16,
                DType.BF16,
                DataFamily.RANDOM,
                Slots.SHUFFLED,
                64,
                65,
                8,
                128,
                128)));
    sink.add(
        l1(
            of(
                Kind.LATENT,
                DType.BF16,
                DType.BF16,
                DataFamily.RANDOM,
                Slots.SHUFFLED,
                64,
                127,
                1,
                512,
                64)));
    sink.add(
        of(
                Kind.LATENT,
                DType.F32,
                DType.BF16,
                DataFamily.RANDOM,
                Slots.SHUFFLED,
                64,
                4097,
                1,
                512,
                64)
            .level(Level.L3));
  }

  private static TestCase.Builder l1(TestCase.Builder builder) {
    return builder.level(Level.L1);
  }

  private static TestCase.Builder of(
      Kind kind,
      DType input,
      DType cache,
      DataFamily family,
      Slots slots,
      long page,
      long tokens,
      long heads,
      long keyDim,
      long valueDim) {
    KvCacheWriteSpec spec = new KvCacheWriteSpec(kind, input, cache, heads, keyDim, valueDim, page);
    return TestCase.of(spec, family)
        .extent("T", tokens)
        .label("kind", kind.name().toLowerCase(Locale.ROOT))
        .label("h", heads)
        .label("dk", keyDim)
        .label("dv", valueDim)
        .label("page", page)
        .label("slots", slots.name().toLowerCase(Locale.ROOT))
        .label("in", input)
        .label("cache", cache)
        .derived("pages", Math.ceilDiv(tokens, page) + 1)
        .filler(data -> fill(data, slots, page))
        .resizable(
            s -> of(kind, input, cache, family, slots, s[4], s[0], s[1], s[2], s[3]),
            "t",
            "h",
            "dk",
            "dv",
            "page");
  }

  private static void fill(InputData data, Slots slots, long page) {
    int tokens = Math.toIntExact(data.extent("T"));
    int places = Math.toIntExact(data.extent("pages") * page);
    if (tokens == 0 || slots == Slots.NONE) {
      data.constant("keyCache", 0);
      data.constant("valueCache", 0);
    } else {
      CounterRandom bits = data.random("cache");
      data.fill("keyCache", bits::bits);
      data.fill("valueCache", i -> bits.bits(~i));
    }
    data.set("slotMapping", mapping(data, slots, tokens, places));
  }

  private static long[] mapping(InputData data, Slots slots, int tokens, int places) {
    long[] mapping = new long[tokens];
    int[] order = data.random("slots").permutation(places);
    long[] nowhere = {-1, places, Long.MIN_VALUE, Long.MAX_VALUE, -places, places + 5L};
    Arrays.setAll(
        mapping,
        t ->
            switch (slots) {
              case SHUFFLED -> order[t];
              case SKIPPING -> t % 3 == 1 ? nowhere[t / 3 % nowhere.length] : order[t];
              case CONSECUTIVE -> t + 1;
              case NONE -> nowhere[t % nowhere.length];
            });
    return mapping;
  }
}
