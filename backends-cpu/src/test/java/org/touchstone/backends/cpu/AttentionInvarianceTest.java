package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.host.HostTensors;

/** The same bits whatever the threads, the batch and the way a sequence is cut into calls. */
class AttentionInvarianceTest {
  private static final int HEADS = 6;
  private static final int KV_HEADS = 2;
  private static final int DIM = 40;
  private static final int PAGE = 16;

  private static AttentionPrefillSpec prefill(AttentionMask mask) {
    return new AttentionPrefillSpec(
        DType.BF16,
        DType.F32,
        HEADS,
        KV_HEADS,
        DIM,
        DIM,
        .2f,
        mask,
        0,
        Sink.NONE,
        Packing.VARLEN,
        Numerics.STRICT);
  }

  private static AttentionDecodePagedSpec decode(AttentionMask mask) {
    return new AttentionDecodePagedSpec(
        DType.BF16,
        DType.BF16,
        DType.F32,
        HEADS,
        KV_HEADS,
        DIM,
        DIM,
        PAGE,
        .2f,
        mask,
        0,
        Sink.NONE,
        Numerics.STRICT);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 100})
  void prefillEqualsDecodingStepByStep(int window) {
    int tokens = 150;
    AttentionMask mask = window == 0 ? AttentionMask.CAUSAL : AttentionMask.window(window);
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(2)) {
      AttentionData data = new AttentionData(arena, 1);
      int pages = Math.ceilDiv(tokens, PAGE);
      Tensor q = data.normal(DType.BF16, 1, tokens, HEADS, DIM);
      Tensor k = data.normal(DType.BF16, 1, pages, PAGE, KV_HEADS, DIM);
      Tensor v = data.normal(DType.BF16, 1, pages, PAGE, KV_HEADS, DIM);
      Tensor whole = data.empty(DType.F32, tokens, HEADS, DIM);
      Tensor wholeLse = data.empty(DType.F32, tokens, HEADS);
      Tensor bounds = data.integers(DType.I32, 0, tokens);
      long padded = (long) pages * PAGE;
      simd.launch(
          prefill(mask),
          new AttentionPrefillArgs(
              q,
              k.reshape(padded, KV_HEADS, DIM).slice(0, 0, tokens),
              v.reshape(padded, KV_HEADS, DIM).slice(0, 0, tokens),
              bounds,
              bounds,
              null,
              whole,
              wholeLse));
      long[] table = new long[pages];
      Arrays.setAll(table, p -> p);
      Tensor steps = data.empty(DType.F32, tokens, HEADS, DIM);
      Tensor stepsLse = data.empty(DType.F32, tokens, HEADS);
      for (int t = 0; t < tokens; t++) {
        simd.launch(
            decode(mask),
            new AttentionDecodePagedArgs(
                q.slice(0, t, t + 1).reshape(1, 1, HEADS, DIM),
                k,
                v,
                data.integers(DType.I32, table).reshape(1, pages),
                data.integers(DType.I32, t + 1),
                null,
                steps.slice(0, t, t + 1).reshape(1, 1, HEADS, DIM),
                stepsLse.slice(0, t, t + 1).reshape(1, 1, HEADS)));
      }
      assertThat(HostTensors.codes(steps)).containsExactly(HostTensors.codes(whole));
      assertThat(HostTensors.codes(stepsLse)).containsExactly(HostTensors.codes(wholeLse));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 4", "0, 3", "2, 2"})
  void aWindowAsLongAsTheSequenceIsCausal(int longer, int threads) {
    int tokens = 97;
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(threads)) {
      AttentionData data = new AttentionData(arena, 2);
      Tensor q = data.normal(DType.BF16, 1, tokens, HEADS, DIM);
      Tensor k = data.normal(DType.BF16, 1, tokens, KV_HEADS, DIM);
      Tensor v = data.normal(DType.BF16, 1, tokens, KV_HEADS, DIM);
      Tensor bounds = data.integers(DType.I32, 0, tokens);
      Tensor causal = data.empty(DType.F32, tokens, HEADS, DIM);
      Tensor windowed = data.empty(DType.F32, tokens, HEADS, DIM);
      simd.launch(
          prefill(AttentionMask.CAUSAL),
          new AttentionPrefillArgs(q, k, v, bounds, bounds, null, causal, null));
      simd.launch(
          prefill(AttentionMask.window(tokens + longer)),
          new AttentionPrefillArgs(q, k, v, bounds, bounds, null, windowed, null));
      assertThat(HostTensors.codes(windowed)).containsExactly(HostTensors.codes(causal));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void decodeDependsNeitherOnThreadsNorOnTheBatch(int threads) {
    try (Arena arena = Arena.ofShared();
        CpuRun one = CpuRun.simd(1);
        CpuRun many = CpuRun.simd(threads)) {
      AttentionData data = new AttentionData(arena, 3);
      int[] lengths = {1500, 3, 513, 0};
      int[] next = {0};
      Pages pages = Pages.of(data, lengths.length, PAGE, () -> lengths[next[0]++]);
      Tensor q = data.normal(DType.BF16, 1, lengths.length, 2, HEADS, DIM);
      Tensor k = pages.cache(data, DType.BF16, KV_HEADS, DIM);
      Tensor v = pages.cache(data, DType.BF16, KV_HEADS, DIM);
      Tensor together = data.empty(DType.F32, lengths.length, 2, HEADS, DIM);
      many.launch(
          decode(AttentionMask.CAUSAL),
          new AttentionDecodePagedArgs(
              q, k, v, pages.table(), pages.lengths(), null, together, null));
      Tensor alone = data.empty(DType.F32, lengths.length, 2, HEADS, DIM);
      for (int b = 0; b < lengths.length; b++) {
        one.launch(
            decode(AttentionMask.CAUSAL),
            new AttentionDecodePagedArgs(
                q.slice(0, b, b + 1),
                k,
                v,
                pages.table().slice(0, b, b + 1),
                pages.lengths().slice(0, b, b + 1),
                null,
                alone.slice(0, b, b + 1),
                null));
      }
      assertThat(HostTensors.codes(together)).containsExactly(HostTensors.codes(alone));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void latentDecodeDependsNeitherOnThreadsNorOnTheBatch(int threads) {
    MlaDims dims = new MlaDims(5, 40, 24, 8, 24);
    MlaDecodeAbsorbedSpec spec =
        new MlaDecodeAbsorbedSpec(
            DType.BF16,
            DType.BF16,
            DType.BF16,
            DType.F32,
            dims,
            PAGE,
            .2f,
            AttentionMask.CAUSAL,
            Numerics.STRICT);
    try (Arena arena = Arena.ofShared();
        CpuRun one = CpuRun.simd(1);
        CpuRun many = CpuRun.simd(threads)) {
      AttentionData data = new AttentionData(arena, 4);
      int[] lengths = {7, 1100, 64};
      int[] next = {0};
      Pages pages = Pages.of(data, lengths.length, PAGE, () -> lengths[next[0]++]);
      Tensor qNope = data.normal(DType.BF16, 1, lengths.length, 1, dims.heads(), dims.nopeDim());
      Tensor qRope = data.normal(DType.BF16, 1, lengths.length, 1, dims.heads(), dims.ropeDim());
      Tensor cache = pages.cache(data, DType.BF16, dims.cachedDim());
      Tensor weights = data.normal(DType.BF16, .2, dims.expandedRows(), dims.latentDim());
      Tensor together = data.empty(DType.F32, lengths.length, 1, dims.heads(), dims.valueDim());
      many.launch(
          spec,
          new MlaDecodeAbsorbedArgs(
              qNope, qRope, cache, weights, pages.table(), pages.lengths(), together, null));
      Tensor alone = data.empty(DType.F32, lengths.length, 1, dims.heads(), dims.valueDim());
      for (int b = 0; b < lengths.length; b++) {
        one.launch(
            spec,
            new MlaDecodeAbsorbedArgs(
                qNope.slice(0, b, b + 1),
                qRope.slice(0, b, b + 1),
                cache,
                weights,
                pages.table().slice(0, b, b + 1),
                pages.lengths().slice(0, b, b + 1),
                alone.slice(0, b, b + 1),
                null));
      }
      assertThat(HostTensors.codes(together)).containsExactly(HostTensors.codes(alone));
    }
  }
}
