package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Numerics;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.AttentionPrefillSpec.Packing;
import org.touchstone.api.op.AttentionPrefillSpec.Sink;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** Random specs and ugly sizes: SIMD results stay within the bounds that the reference derives. */
class AttentionBoundsTest {
  private static final int ROUNDS = 12;

  private static AttentionMask mask(AttentionData data) {
    return data.choose(
        AttentionMask.NONE,
        AttentionMask.CAUSAL,
        AttentionMask.CAUSAL,
        AttentionMask.window(1),
        AttentionMask.window(2 + data.random.nextInt(90)),
        AttentionMask.window(1000));
  }

  private static @Nullable Tensor sinks(AttentionData data, Sink sink, long heads) {
    return sink == Sink.NONE ? null : data.normal(DType.F32, data.choose(1., 50.), heads);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void prefillStaysWithinItsBound(long seed) {
    System.out.println("seed " + seed);
    try (CpuRun simd = CpuRun.simd(2)) {
      for (int round = 0; round < ROUNDS; round++) {
        try (Arena arena = Arena.ofShared()) {
          AttentionData data = new AttentionData(arena, seed * 1000 + round);
          prefill(simd, data, "seed " + seed + " round " + round);
        }
      }
    }
  }

  private static void prefill(CpuRun simd, AttentionData data, String what) {
    long kvHeads = data.choose(1, 2, 3);
    long heads = kvHeads * data.choose(1, 1, 4, 8, 65);
    long headDim = data.choose(1, 2, 16, 33, 64, 80);
    long valueDim = data.choose(headDim, headDim, 1L, 17L, 72L);
    DType type = data.choose(DType.F32, DType.BF16);
    Sink sink = data.choose(Sink.values());
    Packing packing = data.choose(Packing.values());
    AttentionPrefillSpec spec =
        new AttentionPrefillSpec(
            type,
            data.choose(DType.F32, DType.BF16),
            heads,
            kvHeads,
            headDim,
            valueDim,
            data.choose((float) (1 / Math.sqrt((double) headDim)), 1f, 5f),
            mask(data),
            data.choose(0f, 0f, 30f, 2f),
            sink,
            packing,
            Numerics.STANDARD);
    boolean varlen = packing == Packing.VARLEN;
    int batch = data.random.nextInt(4);
    long[] q = new long[batch + 1];
    long[] k = new long[batch + 1];
    for (int b = 0; b < batch; b++) {
      q[b + 1] = q[b] + (data.random.nextInt(4) == 0 ? 0 : data.random.nextInt(40));
      k[b + 1] = k[b] + data.choose(0, 1, 63, 64, 65, data.random.nextInt(150));
    }
    long sq = data.choose(0, 1, 5, 33);
    long sk = data.choose(0, 3, 33, 130);
    long[] tokens = varlen ? new long[] {q[batch]} : new long[] {batch, sq};
    long[] keys = varlen ? new long[] {k[batch]} : new long[] {batch, sk};
    boolean gaps = data.random.nextBoolean();
    Tensor o =
        gaps
            ? data.stridedEmpty(spec.output(), dims(tokens, heads, valueDim))
            : data.empty(spec.output(), dims(tokens, heads, valueDim));
    assertThat(
            simd.violations(
                spec,
                new AttentionPrefillArgs(
                    gaps
                        ? data.strided(type, 1, dims(tokens, heads, headDim))
                        : data.normal(type, 1, dims(tokens, heads, headDim)),
                    gaps
                        ? data.strided(type, 1, dims(keys, kvHeads, headDim))
                        : data.normal(type, 1, dims(keys, kvHeads, headDim)),
                    gaps
                        ? data.strided(type, 1, dims(keys, kvHeads, valueDim))
                        : data.normal(type, 1, dims(keys, kvHeads, valueDim)),
                    varlen ? data.integers(DType.I32, q) : null,
                    varlen ? data.integers(DType.I32, k) : null,
                    sinks(data, sink, heads),
                    o,
                    data.random.nextBoolean() ? data.empty(DType.F32, dims(tokens, heads)) : null),
                data.choose(Regime.values())))
        .as(what)
        .isEmpty();
  }

  private static long[] dims(long[] first, long... rest) {
    long[] dims = Arrays.copyOf(first, first.length + rest.length);
    System.arraycopy(rest, 0, dims, first.length, rest.length);
    return dims;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void decodeStaysWithinItsBound(long seed) {
    System.out.println("seed " + seed);
    try (CpuRun simd = CpuRun.simd(2)) {
      for (int round = 0; round < ROUNDS; round++) {
        try (Arena arena = Arena.ofShared()) {
          AttentionData data = new AttentionData(arena, seed * 2000 + round);
          decode(simd, data, "seed " + seed + " round " + round);
        }
      }
    }
  }

  private static void decode(CpuRun simd, AttentionData data, String what) {
    long kvHeads = data.choose(1, 2, 3);
    long heads = kvHeads * data.choose(1, 4, 8, 65);
    long headDim = data.choose(1, 16, 33, 64);
    long valueDim = data.choose(headDim, headDim, 17L);
    int page = data.choose(1, 16, 64);
    DType type = data.choose(DType.F32, DType.BF16);
    Sink sink = data.choose(Sink.values());
    AttentionDecodePagedSpec spec =
        new AttentionDecodePagedSpec(
            type,
            data.choose(DType.F32, DType.BF16),
            data.choose(DType.F32, DType.BF16),
            heads,
            kvHeads,
            headDim,
            valueDim,
            page,
            data.choose((float) (1 / Math.sqrt((double) headDim)), 1f),
            mask(data),
            data.choose(0f, 0f, 30f),
            sink,
            Numerics.STANDARD);
    int batch = data.random.nextInt(4);
    long queries = data.choose(1, 1, 2, 5);
    Pages pages = Pages.of(data, batch, page, () -> data.choose(0, 1, 15, 64, 129, 513, 1100));
    assertThat(
            simd.violations(
                spec,
                new AttentionDecodePagedArgs(
                    data.normal(type, 1, batch, queries, heads, headDim),
                    pages.cache(data, spec.cache(), kvHeads, headDim),
                    pages.cache(data, spec.cache(), kvHeads, valueDim),
                    pages.table(),
                    pages.lengths(),
                    sinks(data, sink, heads),
                    data.empty(spec.output(), batch, queries, heads, valueDim),
                    data.empty(DType.F32, batch, queries, heads)),
                data.choose(Regime.values())))
        .as(what)
        .isEmpty();
  }

  /** Specs that differ from the judged one by one classical mistake. */
  private static AttentionPrefillSpec mistaken(AttentionPrefillSpec s, String mistake) {
    AttentionMask mask =
        switch (mistake) {
          case "window longer by one" -> AttentionMask.window(s.mask().window() + 1);
          case "window shorter by one" -> AttentionMask.window(s.mask().window() - 1);
          case "no window" -> AttentionMask.CAUSAL;
          case "no mask" -> AttentionMask.NONE;
          default -> s.mask();
        };
    return new AttentionPrefillSpec(
        s.dtype(),
        s.output(),
        s.heads(),
        s.kvHeads(),
        s.headDim(),
        s.valueDim(),
        mistake.equals("scale of another dimension") ? s.scale() * 1.02f : s.scale(),
        mask,
        mistake.equals("no soft cap") ? 0 : s.softcap(),
        s.sink(),
        s.packing(),
        s.numerics());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "window longer by one",
        "window shorter by one",
        "no window",
        "no mask",
        "scale of another dimension",
        "no soft cap"
      })
  void mistakesAreFound(String mistake) {
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(1)) {
      AttentionData data = new AttentionData(arena, 9);
      for (DType type : new DType[] {DType.F32, DType.BF16}) {
        AttentionPrefillSpec spec =
            new AttentionPrefillSpec(
                type,
                type,
                4,
                2,
                32,
                32,
                .5f,
                AttentionMask.window(12),
                5,
                Sink.NONE,
                Packing.PADDED,
                Numerics.STANDARD);
        AttentionPrefillArgs args =
            new AttentionPrefillArgs(
                data.normal(type, 1, 1, 20, 4, 32),
                data.normal(type, 1, 1, 40, 2, 32),
                data.normal(type, 1, 1, 40, 2, 32),
                null,
                null,
                null,
                data.empty(type, 1, 20, 4, 32),
                null);
        assertThat(simd.violations(spec, args, Regime.STRUCTURED)).isEmpty();
        assertThat(simd.violations(mistaken(spec, mistake), spec, args, Regime.STRUCTURED))
            .hasSizeGreaterThan(10);
      }
    }
  }
}
