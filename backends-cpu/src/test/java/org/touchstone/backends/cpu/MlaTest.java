package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Numerics;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillArgs;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** Multi-head latent attention, expanded and absorbed: against the reference and each other. */
class MlaTest {
  /** A small trained model's dimensions. */
  private static final MlaDims SMALL = new MlaDims(4, 64, 32, 16, 32);

  private static MlaDims dims(AttentionData data) {
    return data.choose(
        SMALL,
        new MlaDims(1, 1, 1, 1, 1),
        new MlaDims(3, 20, 7, 5, 33),
        new MlaDims(65, 24, 8, 8, 8),
        new MlaDims(2, 130, 65, 16, 129));
  }

  private static AttentionMask mask(AttentionData data) {
    return data.choose(AttentionMask.NONE, AttentionMask.CAUSAL, AttentionMask.window(7));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void prefillStaysWithinItsBound(long seed) {
    System.out.println("seed " + seed);
    try (CpuRun simd = CpuRun.simd(2)) {
      for (int round = 0; round < 6; round++) {
        try (Arena arena = Arena.ofShared()) {
          AttentionData data = new AttentionData(arena, seed * 100 + round);
          MlaDims dims = dims(data);
          DType type = data.choose(DType.F32, DType.BF16);
          MlaPrefillSpec spec =
              new MlaPrefillSpec(
                  type,
                  data.choose(DType.F32, DType.BF16),
                  data.choose(DType.F32, DType.BF16),
                  dims,
                  (float) (1 / Math.sqrt((double) (dims.nopeDim() + dims.ropeDim()))),
                  mask(data),
                  Numerics.STANDARD);
          int batch = data.random.nextInt(4);
          long[] q = new long[batch + 1];
          long[] k = new long[batch + 1];
          for (int b = 0; b < batch; b++) {
            q[b + 1] = q[b] + data.choose(0, 1, 2, 37);
            k[b + 1] = k[b] + data.choose(0, 1, 37, 70);
          }
          assertThat(
                  simd.violations(
                      spec,
                      new MlaPrefillArgs(
                          data.strided(type, 1, q[batch], dims.heads(), dims.nopeDim()),
                          data.strided(type, 1, q[batch], dims.heads(), dims.ropeDim()),
                          data.strided(type, 1, k[batch], dims.latentDim()),
                          data.strided(type, 1, k[batch], dims.ropeDim()),
                          data.normal(spec.weight(), .2, dims.expandedRows(), dims.latentDim()),
                          data.integers(DType.I32, q),
                          data.integers(DType.I32, k),
                          data.stridedEmpty(spec.output(), q[batch], dims.heads(), dims.valueDim()),
                          data.random.nextBoolean()
                              ? data.empty(DType.F32, q[batch], dims.heads())
                              : null),
                      data.choose(Regime.values())))
              .as("seed " + seed + " round " + round)
              .isEmpty();
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void absorbedDecodeStaysWithinItsBound(long seed) {
    System.out.println("seed " + seed);
    try (CpuRun simd = CpuRun.simd(2)) {
      for (int round = 0; round < 6; round++) {
        try (Arena arena = Arena.ofShared()) {
          AttentionData data = new AttentionData(arena, seed * 200 + round);
          MlaDims dims = dims(data);
          DType type = data.choose(DType.F32, DType.BF16);
          int page = data.choose(1, 16, 64);
          MlaDecodeAbsorbedSpec spec =
              new MlaDecodeAbsorbedSpec(
                  type,
                  data.choose(DType.F32, DType.BF16),
                  data.choose(DType.F32, DType.BF16),
                  data.choose(DType.F32, DType.BF16),
                  dims,
                  page,
                  (float) (1 / Math.sqrt((double) (dims.nopeDim() + dims.ropeDim()))),
                  mask(data),
                  Numerics.STANDARD);
          int batch = data.random.nextInt(4);
          long queries = data.choose(1, 1, 3);
          Pages pages = Pages.of(data, batch, page, () -> data.choose(0, 1, 16, 65, 700));
          assertThat(
                  simd.violations(
                      spec,
                      new MlaDecodeAbsorbedArgs(
                          data.strided(type, 1, batch, queries, dims.heads(), dims.nopeDim()),
                          data.strided(type, 1, batch, queries, dims.heads(), dims.ropeDim()),
                          pages.cache(data, spec.cache(), dims.cachedDim()),
                          data.normal(spec.weight(), .2, dims.expandedRows(), dims.latentDim()),
                          pages.table(),
                          pages.lengths(),
                          data.stridedEmpty(
                              spec.output(), batch, queries, dims.heads(), dims.valueDim()),
                          data.random.nextBoolean()
                              ? data.empty(DType.F32, batch, queries, dims.heads())
                              : null),
                      data.choose(Regime.values())))
              .as("seed " + seed + " round " + round)
              .isEmpty();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"reference, 1e-7", "simd, 4e-6"})
  void expandedAndAbsorbedAgree(String name, double tolerance) {
    MlaDims dims = SMALL;
    int keys = 70;
    int queries = 5;
    try (Arena arena = Arena.ofShared();
        CpuRun device = name.equals("simd") ? CpuRun.simd(2) : CpuRun.reference()) {
      AttentionData data = new AttentionData(arena, 11);
      Tensor qNope = data.normal(DType.F32, 1, queries, dims.heads(), dims.nopeDim());
      Tensor qRope = data.normal(DType.F32, 1, queries, dims.heads(), dims.ropeDim());
      Tensor weights = data.normal(DType.F32, .2, dims.expandedRows(), dims.latentDim());
      Tensor cache = data.normal(DType.F32, 1, 1, keys, dims.cachedDim());
      Tensor rows = cache.reshape(keys, dims.cachedDim());
      Tensor expanded = data.empty(DType.F32, queries, dims.heads(), dims.valueDim());
      Tensor expandedLse = data.empty(DType.F32, queries, dims.heads());
      device.launch(
          MlaPrefillSpec.causal(DType.F32, dims, .125f),
          new MlaPrefillArgs(
              qNope,
              qRope,
              rows.slice(1, 0, dims.latentDim()),
              rows.slice(1, dims.latentDim(), dims.cachedDim()),
              weights,
              data.integers(DType.I32, 0, queries),
              data.integers(DType.I32, 0, keys),
              expanded,
              expandedLse));
      Tensor absorbed = data.empty(DType.F32, 1, queries, dims.heads(), dims.valueDim());
      Tensor absorbedLse = data.empty(DType.F32, 1, queries, dims.heads());
      device.launch(
          MlaDecodeAbsorbedSpec.causal(DType.F32, dims, keys, .125f),
          new MlaDecodeAbsorbedArgs(
              qNope.reshape(1, queries, dims.heads(), dims.nopeDim()),
              qRope.reshape(1, queries, dims.heads(), dims.ropeDim()),
              cache,
              weights,
              data.integers(DType.I32, 0).reshape(1, 1),
              data.integers(DType.I32, keys),
              absorbed,
              absorbedLse));
      double[] a = HostTensors.doubles(expanded);
      double[] b = HostTensors.doubles(absorbed);
      for (int i = 0; i < a.length; i++) {
        assertThat(b[i]).as("o[%s]", i).isCloseTo(a[i], within(tolerance));
      }
      assertThat(HostTensors.doubles(absorbedLse))
          .containsExactly(HostTensors.doubles(expandedLse), within(tolerance));
      assertThat(Arrays.stream(a).map(Math::abs).max().orElseThrow()).isGreaterThan(.1);
    }
  }

  @Test
  void aSequenceWithoutKeysGivesZerosAndMinusInfinity() {
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(1)) {
      AttentionData data = new AttentionData(arena, 3);
      Tensor o = data.normal(DType.BF16, 1, 1, 1, SMALL.heads(), SMALL.valueDim());
      Tensor lse = data.normal(DType.F32, 1, 1, 1, SMALL.heads());
      Tensor cache = data.empty(DType.BF16, 1, 16, SMALL.cachedDim());
      double[] nan = new double[(int) cache.shape().elements()];
      Arrays.fill(nan, Double.NaN);
      HostTensors.write(cache, nan, Saturation.NONSAT);
      simd.launch(
          MlaDecodeAbsorbedSpec.causal(DType.BF16, SMALL, 16, 1),
          new MlaDecodeAbsorbedArgs(
              data.normal(DType.BF16, 1, 1, 1, SMALL.heads(), SMALL.nopeDim()),
              data.normal(DType.BF16, 1, 1, 1, SMALL.heads(), SMALL.ropeDim()),
              cache,
              data.normal(DType.BF16, 1, SMALL.expandedRows(), SMALL.latentDim()),
              data.integers(DType.I32, -7).reshape(1, 1),
              data.integers(DType.I32, 0),
              o,
              lse));
      assertThat(HostTensors.doubles(o)).containsOnly(0);
      assertThat(HostTensors.doubles(lse)).containsOnly(Double.NEGATIVE_INFINITY);
    }
  }
}
