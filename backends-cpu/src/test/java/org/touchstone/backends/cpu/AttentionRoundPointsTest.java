package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Numerics;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;
import org.touchstone.backends.oracle.OracleRequest.Regime;
import org.touchstone.backends.oracle.Scope;

/**
 * A kernel that rounds at a private point is accepted when it declares the point, and not when it
 * keeps silent: its results are worked out here in FP64 with that one rounding.
 */
class AttentionRoundPointsTest {
  private static final MlaDims DIMS = new MlaDims(2, 48, 24, 8, 16);
  private static final int KEYS = 50;
  private static final float SCALE = .2f;

  /** A private round point. */
  enum Point {
    PROBABILITIES,
    LATENT_QUERY,
    LATENT_OUTPUT;

    RoundPoints declared() {
      return switch (this) {
        case PROBABILITIES -> new RoundPoints(DType.BF16, DType.F32, DType.F32, DType.F32);
        case LATENT_QUERY -> new RoundPoints(DType.F32, DType.BF16, DType.F32, DType.F32);
        case LATENT_OUTPUT -> new RoundPoints(DType.F32, DType.F32, DType.BF16, DType.F32);
      };
    }
  }

  @ParameterizedTest
  @EnumSource(Point.class)
  void aDeclaredRoundPointIsAcceptedAndAHiddenOneIsNot(Point point) {
    try (Arena arena = Arena.ofShared()) {
      AttentionData data = new AttentionData(arena, 1);
      MlaDecodeAbsorbedArgs args = args(data);
      HostTensors.write(args.o(), emulate(args, point), Saturation.NONSAT);
      assertThat(outside(args, KernelTraits.PLAIN_F32.with(point.declared()))).isZero();
      assertThat(outside(args, KernelTraits.PLAIN_F32)).isGreaterThan(5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theBoundOfADeclaredRoundPointIsNotLoose(int seed) {
    try (Arena arena = Arena.ofShared()) {
      MlaDecodeAbsorbedArgs args = args(new AttentionData(arena, seed));
      for (Point point : Point.values()) {
        double[] exact = emulate(args, null);
        Expected.Interval bound = expected(args, KernelTraits.PLAIN_F32.with(point.declared()));
        for (int i = 0; i < exact.length; i++) {
          // BF16 rounds to 2^-9 of a term at most; a sum of terms around 1 is of that size.
          assertThat(bound.error()[i]).as("%s [%s]", point, i).isBetween(1e-7, .1);
        }
      }
    }
  }

  private static MlaDecodeAbsorbedArgs args(AttentionData data) {
    return new MlaDecodeAbsorbedArgs(
        data.normal(DType.F32, 1, 1, 1, DIMS.heads(), DIMS.nopeDim()),
        data.normal(DType.F32, 1, 1, 1, DIMS.heads(), DIMS.ropeDim()),
        data.normal(DType.F32, 1, 1, KEYS, DIMS.cachedDim()),
        data.normal(DType.F32, .15, DIMS.expandedRows(), DIMS.latentDim()),
        data.integers(DType.I32, 0).reshape(1, 1),
        data.integers(DType.I32, KEYS),
        data.empty(DType.F32, 1, 1, DIMS.heads(), DIMS.valueDim()),
        null);
  }

  private static Expected.Interval expected(MlaDecodeAbsorbedArgs args, KernelTraits traits) {
    MlaDecodeAbsorbedSpec spec =
        new MlaDecodeAbsorbedSpec(
            DType.F32,
            DType.F32,
            DType.F32,
            DType.F32,
            DIMS,
            KEYS,
            SCALE,
            AttentionMask.CAUSAL,
            Numerics.STANDARD);
    OracleRequest request = new OracleRequest(traits, Regime.RANDOM, Scope.ALL, Map.of());
    Expected expected = CpuRun.ORACLE.expect(spec, args, request).outputs().get("o");
    return (Expected.Interval) Objects.requireNonNull(expected);
  }

  private static long outside(MlaDecodeAbsorbedArgs args, KernelTraits traits) {
    Expected.Interval bound = expected(args, traits);
    double[] actual = HostTensors.doubles(args.o());
    long outside = 0;
    for (int i = 0; i < actual.length; i++) {
      if (Math.abs(actual[i] - bound.value()[i]) > bound.error()[i] + Math.ulp((float) actual[i])) {
        outside++;
      }
    }
    return outside;
  }

  private static double bf16(double value) {
    return DType.BF16.format().roundTo(value, Saturation.NONSAT);
  }

  private static double[] emulate(MlaDecodeAbsorbedArgs args, @Nullable Point point) {
    int dc = (int) DIMS.latentDim();
    int dn = (int) DIMS.nopeDim();
    int dr = (int) DIMS.ropeDim();
    int dv = (int) DIMS.valueDim();
    double[] qNope = HostTensors.doubles(args.qNope());
    double[] qRope = HostTensors.doubles(args.qRope());
    double[] cache = HostTensors.doubles(args.kvCache());
    double[] weights = HostTensors.doubles(args.wKvb());
    double[] o = new double[(int) DIMS.heads() * dv];
    for (int h = 0; h < DIMS.heads(); h++) {
      int w = h * (dn + dv) * dc;
      double[] absorbed = new double[dc];
      for (int i = 0; i < dc; i++) {
        for (int d = 0; d < dn; d++) {
          absorbed[i] += weights[w + d * dc + i] * qNope[h * dn + d];
        }
        absorbed[i] = point == Point.LATENT_QUERY ? bf16(absorbed[i]) : absorbed[i];
      }
      double[] p = new double[KEYS];
      double largest = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < KEYS; j++) {
        int at = j * (dc + dr);
        for (int i = 0; i < dc; i++) {
          p[j] += SCALE * absorbed[i] * cache[at + i];
        }
        for (int r = 0; r < dr; r++) {
          p[j] += SCALE * qRope[h * dr + r] * cache[at + dc + r];
        }
        largest = Math.max(largest, p[j]);
      }
      double sum = 0;
      double[] u = new double[dc];
      for (int j = 0; j < KEYS; j++) {
        double weight = Math.exp(p[j] - largest);
        sum += weight;
        double rounded = point == Point.PROBABILITIES ? bf16(weight) : weight;
        for (int i = 0; i < dc; i++) {
          u[i] += rounded * cache[j * (dc + dr) + i];
        }
      }
      for (int i = 0; i < dc; i++) {
        u[i] = point == Point.LATENT_OUTPUT ? bf16(u[i] / sum) : u[i] / sum;
      }
      for (int d = 0; d < dv; d++) {
        for (int i = 0; i < dc; i++) {
          o[h * dv + d] += weights[w + (dn + d) * dc + i] * u[i];
        }
      }
    }
    return o;
  }
}
