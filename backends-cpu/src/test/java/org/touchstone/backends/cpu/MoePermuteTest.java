package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MoeAlignBlockSizeArgs;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.api.op.MoePermuteArgs;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.backends.cpu.CpuRun.Kind;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

class MoePermuteTest {
  private static final long SEED = 0x5EED_0201L;

  private static Tensor indices(Arena arena, long topK, long... experts) {
    Tensor tensor = HostTensors.allocate(arena, DType.I32, experts.length / topK, topK);
    HostTensors.writeCodes(tensor, experts);
    return tensor;
  }

  private static MoePermuteArgs permutation(Arena arena, MoePermuteSpec spec, Tensor indices) {
    long slots = indices.shape().elements();
    return new MoePermuteArgs(
        indices,
        HostTensors.allocate(arena, DType.I32, slots),
        HostTensors.allocate(arena, DType.I32, spec.experts() + 1),
        HostTensors.allocate(arena, DType.I32, indices.dim(0), spec.topK()));
  }

  private static MoeAlignBlockSizeArgs alignment(
      Arena arena, MoeAlignBlockSizeSpec spec, Tensor indices) {
    long capacity = indices.shape().elements() + spec.experts() * (spec.blockSize() - 1);
    return new MoeAlignBlockSizeArgs(
        indices,
        HostTensors.allocate(arena, DType.I32, capacity),
        HostTensors.allocate(arena, DType.I32, Math.ceilDiv(capacity, spec.blockSize())),
        HostTensors.allocate(arena, DType.I32, 1));
  }

  @ParameterizedTest
  @EnumSource
  void slotsAreSortedByExpertAndStable(Kind kind) {
    MoePermuteSpec spec = new MoePermuteSpec(5, 3);
    try (Arena arena = Arena.ofShared();
        CpuRun device = kind.open()) {
      // expert 1 has no slot, expert 2 twice in one token, one slot is dropped
      MoePermuteArgs args = permutation(arena, spec, indices(arena, 3, 4, 0, 2, 2, -1, 2, 0, 3, 4));
      assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.codes(args.sortedSlots())).containsExactly(1, 6, 2, 3, 5, 7, 0, 8, -1);
      assertThat(HostTensors.codes(args.expertOffsets())).containsExactly(0, 2, 2, 5, 6, 8);
      assertThat(HostTensors.codes(args.positions())).containsExactly(6, 0, 2, 3, -1, 4, 1, 5, 7);
    }
  }

  @ParameterizedTest
  @EnumSource
  void alignedBlocksGolden(Kind kind) {
    MoeAlignBlockSizeSpec spec = new MoeAlignBlockSizeSpec(4, 2, 4);
    try (Arena arena = Arena.ofShared();
        CpuRun device = kind.open()) {
      MoeAlignBlockSizeArgs args =
          alignment(arena, spec, indices(arena, 2, 0, 2, 2, 1, 0, 2, 2, 0));
      assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.codes(args.paddedCount())).containsExactly(12);
      assertThat(Arrays.copyOf(HostTensors.codes(args.sortedSlots()), 12))
          .containsExactly(0, 4, 7, 8, 3, 8, 8, 8, 1, 2, 5, 6);
      assertThat(Arrays.copyOf(HostTensors.codes(args.blockExperts()), 3)).containsExactly(0, 1, 2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everythingMayBeDropped(Kind kind) {
    try (Arena arena = Arena.ofShared();
        CpuRun device = kind.open()) {
      Tensor none = indices(arena, 2, -1, -1, -1, -1);
      MoePermuteSpec permute = new MoePermuteSpec(3, 2);
      MoePermuteArgs p = permutation(arena, permute, none);
      assertThat(device.violations(permute, p, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.codes(p.sortedSlots())).containsOnly(-1);
      assertThat(HostTensors.codes(p.expertOffsets())).containsOnly(0);
      MoeAlignBlockSizeSpec align = new MoeAlignBlockSizeSpec(3, 2, 8);
      MoeAlignBlockSizeArgs a = alignment(arena, align, none);
      assertThat(device.violations(align, a, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.codes(a.paddedCount())).containsExactly(0);
    }
  }

  @Test
  void uglySizesAgreeWithTheReference() {
    SplittableRandom random = new SplittableRandom(SEED);
    int[][] sizes = {{0, 8, 2}, {1, 1, 1}, {3, 8, 2}, {127, 16, 4}, {129, 256, 8}, {701, 7, 3}};
    for (int[] size : sizes) {
      for (int kind = 0; kind < 4; kind++) {
        int experts = size[1];
        int pattern = kind;
        long[] chosen =
            random
                .longs((long) size[0] * size[2], 0, experts)
                .map(
                    e ->
                        switch (pattern) {
                          case 0 -> e;
                          case 1 -> experts - 1;
                          case 2 -> e % 2 == 0 ? -1 : e;
                          default -> e / 3;
                        })
                .toArray();
        try (Arena arena = Arena.ofShared();
            CpuRun device = CpuRun.simd()) {
          Tensor indices = HostTensors.allocate(arena, DType.I32, size[0], size[2]);
          HostTensors.writeCodes(indices, chosen);
          String what = "seed %x, %s, pattern %d".formatted(SEED, Arrays.toString(size), kind);
          MoePermuteSpec permute = new MoePermuteSpec(experts, size[2]);
          MoePermuteArgs p = permutation(arena, permute, indices);
          assertThat(device.violations(permute, p, Regime.RANDOM)).as(what).isEmpty();
          assertInverse(p);
          for (long block : new long[] {1, 7, 16, 128}) {
            MoeAlignBlockSizeSpec align = new MoeAlignBlockSizeSpec(experts, size[2], block);
            MoeAlignBlockSizeArgs a = alignment(arena, align, indices);
            assertThat(device.violations(align, a, Regime.RANDOM)).as(what).isEmpty();
            assertThat(HostTensors.codes(a.paddedCount())[0] % block).isZero();
          }
        }
      }
    }
  }

  private static void assertInverse(MoePermuteArgs args) {
    long[] sorted = HostTensors.codes(args.sortedSlots());
    long[] positions = HostTensors.codes(args.positions());
    for (int slot = 0; slot < positions.length; slot++) {
      if (positions[slot] >= 0) {
        assertThat(sorted[(int) positions[slot]]).isEqualTo(slot);
      }
    }
  }

  @Test
  void rowsOfIndicesMayHaveGaps() {
    try (Arena arena = Arena.ofConfined();
        CpuRun device = CpuRun.simd()) {
      MoePermuteSpec spec = new MoePermuteSpec(4, 2);
      Tensor wide = indices(arena, 4, 9, 3, 1, 9, 9, 0, 3, 9);
      Tensor positions = HostTensors.allocate(arena, DType.I32, 2, 3);
      MoePermuteArgs args =
          new MoePermuteArgs(
              wide.slice(1, 1, 3),
              HostTensors.allocate(arena, DType.I32, 4),
              HostTensors.allocate(arena, DType.I32, 5),
              positions.slice(1, 0, 2));
      assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.codes(args.sortedSlots())).containsExactly(2, 1, 0, 3);
      assertThat(HostTensors.codes(positions)).containsExactly(2, 1, 0, 0, 3, 0);
    }
  }

  @Test
  void theJudgeRefusesAnUnstableSort() {
    try (Arena arena = Arena.ofShared();
        CpuRun device = CpuRun.simd()) {
      MoePermuteSpec spec = new MoePermuteSpec(2, 2);
      MoePermuteArgs args = permutation(arena, spec, indices(arena, 2, 1, 0, 1, 0));
      assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
      HostTensors.writeCodes(args.sortedSlots(), new long[] {3, 1, 0, 2});
      assertThat(device.judge(spec, args, Regime.RANDOM)).hasSize(2);
    }
  }
}
