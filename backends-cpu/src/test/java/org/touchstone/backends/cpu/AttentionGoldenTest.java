package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
import org.touchstone.backends.host.HostTensors;

/** One head, four queries and keys of two elements, worked out in FP64 by an independent script. */
class AttentionGoldenTest {
  private static final float SCALE = (float) Math.sqrt(0.5);

  private static final double[] CAUSAL_O = {
    .59847214, -.35078323, -.45767812, -.58852197, -.25479683, .0583382, .5270282, -.08887508
  };
  private static final double[] CAUSAL_LSE = {.97831919, .88837302, 1.26324736, 1.85398958};
  private static final double[] WINDOW_SINK_O = {
    .36946732, -.21655634, -.27272626, -.35069493, -.24748409, .07706305, .45063854, .11224878
  };
  private static final double[] WINDOW_SINK_LSE = {.97831919, .88837302, 1.12659374, 1.26428416};

  private static CpuRun device(String name) {
    return name.equals("simd") ? CpuRun.simd(2) : CpuRun.reference();
  }

  private static void check(Tensor actual, double[] expected) {
    assertThat(HostTensors.doubles(actual)).containsExactly(expected, within(2e-7));
  }

  @ParameterizedTest
  @CsvSource({"reference, PADDED", "reference, VARLEN", "simd, PADDED", "simd, VARLEN"})
  void prefill(String name, Packing packing) {
    for (Sink sink : Sink.values()) {
      try (Arena arena = Arena.ofConfined();
          CpuRun device = device(name)) {
        AttentionData data = new AttentionData(arena, 0);
        boolean varlen = packing == Packing.VARLEN;
        long[] dims = varlen ? new long[] {4, 1, 2} : new long[] {1, 4, 1, 2};
        long[] rows = varlen ? new long[] {4, 1} : new long[] {1, 4, 1};
        Tensor o = data.empty(DType.F32, dims);
        Tensor lse = data.empty(DType.F32, rows);
        AttentionPrefillSpec spec =
            new AttentionPrefillSpec(
                DType.F32,
                DType.F32,
                1,
                1,
                2,
                2,
                SCALE,
                sink == Sink.NONE ? AttentionMask.CAUSAL : AttentionMask.window(2),
                0,
                sink,
                packing,
                Numerics.STRICT);
        Tensor bounds = varlen ? data.integers(DType.I32, 0, 4) : null;
        device.launch(
            spec,
            new AttentionPrefillArgs(
                data.of(DType.F32, dims, AttentionData.sine(8, 0)),
                data.of(DType.F32, dims, AttentionData.sine(8, .5)),
                data.of(DType.F32, dims, AttentionData.sine(8, 1.5)),
                bounds,
                bounds,
                sink == Sink.NONE ? null : data.of(DType.F32, new long[] {1}, .5),
                o,
                lse));
        check(o, sink == Sink.NONE ? CAUSAL_O : WINDOW_SINK_O);
        check(lse, sink == Sink.NONE ? CAUSAL_LSE : WINDOW_SINK_LSE);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "reference, 1",
    "reference, 3",
    "reference, 4",
    "simd, 1",
    "simd, 3",
    "simd, 4",
    "simd, 64"
  })
  void decodeOverShuffledPages(String name, int pageSize) {
    for (Sink sink : Sink.values()) {
      try (Arena arena = Arena.ofConfined();
          CpuRun device = device(name)) {
        AttentionData data = new AttentionData(arena, 0);
        int pages = Math.ceilDiv(4, pageSize);
        int cachePages = pages + 1;
        double[] k = new double[cachePages * pageSize * 2];
        double[] v = new double[k.length];
        Arrays.fill(k, Double.NaN);
        Arrays.fill(v, Double.NaN);
        long[] table = new long[pages];
        for (int j = 0; j < 4; j++) {
          int page = pages - j / pageSize;
          table[j / pageSize] = page;
          int at = (page * pageSize + j % pageSize) * 2;
          System.arraycopy(AttentionData.sine(8, .5), 2 * j, k, at, 2);
          System.arraycopy(AttentionData.sine(8, 1.5), 2 * j, v, at, 2);
        }
        long[] cache = {cachePages, pageSize, 1, 2};
        Tensor o = data.empty(DType.F32, 1, 4, 1, 2);
        Tensor lse = data.empty(DType.F32, 1, 4, 1);
        AttentionDecodePagedSpec spec =
            new AttentionDecodePagedSpec(
                DType.F32,
                DType.F32,
                DType.F32,
                1,
                1,
                2,
                2,
                pageSize,
                SCALE,
                sink == Sink.NONE ? AttentionMask.CAUSAL : AttentionMask.window(2),
                0,
                sink,
                Numerics.STRICT);
        device.launch(
            spec,
            new AttentionDecodePagedArgs(
                data.of(DType.F32, new long[] {1, 4, 1, 2}, AttentionData.sine(8, 0)),
                data.of(DType.F32, cache, k),
                data.of(DType.F32, cache, v),
                data.integers(DType.I32, table).reshape(1, pages),
                data.integers(DType.I32, 4),
                sink == Sink.NONE ? null : data.of(DType.F32, new long[] {1}, .5),
                o,
                lse));
        check(o, sink == Sink.NONE ? CAUSAL_O : WINDOW_SINK_O);
        check(lse, sink == Sink.NONE ? CAUSAL_LSE : WINDOW_SINK_LSE);
      }
    }
  }
}
